#!/bin/sh
# As with the image redis: options and a *.conf file are redis-server's, which runs as the user redis and, unless its
# configuration says otherwise, answers everybody.
set -e
case "${1:-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
[ "$1" = redis-server ] || exec "$@"
case "${2:-}" in
  -v | --version | -h | --help | --test-memory) exec "$@" ;;
  '' | --*) shift && set -- redis-server --protected-mode no "$@" ;;
  *) grep -qs '^ *protected-mode' "$2" || set -- "$@" --protected-mode no ;;
esac
[ "$(id -u)" = 0 ] || exec "$@"
find . ! -user redis -exec chown redis {} +
exec gosu redis "$@"
