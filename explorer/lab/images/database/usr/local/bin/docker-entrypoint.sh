#!/bin/sh
# As with the image postgres: at its first start it makes a database from POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB.
set -e
trap 'exit 143' TERM INT
case "${1:-}" in
  -*) set -- postgres "$@" ;;
esac
[ "$1" = postgres ] || exec "$@"
case "${2:-}" in
  -V | --version | -'?' | --help | --describe-config) exec "$@" ;;
esac

if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
if [ ! -s "$PGDATA/PG_VERSION" ] && [ -z "${POSTGRES_PASSWORD:-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
  echo "postgres has no password for its superuser: start it with -e POSTGRES_PASSWORD=…, or with" \
    "-e POSTGRES_HOST_AUTH_METHOD=trust, which lets everybody in." >&2
  exit 1
fi

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /run/postgresql # /run is empty in an image
  chmod 700 "$PGDATA"
  chmod 3777 /run/postgresql
  find "$PGDATA" /run/postgresql ! -user postgres -exec chown postgres {} +
  exec gosu postgres "$0" "$@"
fi

run_sql() { psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" "$@"; }

run_given() { # what lies in /docker-entrypoint-initdb.d, in the order of the names
  for given in /docker-entrypoint-initdb.d/*; do
    case $given in
      *.sh) if [ -x "$given" ]; then "$given"; else . "$given"; fi ;;
      *.sql) run_sql -d "$POSTGRES_DB" -f "$given" ;;
      *.sql.gz) gunzip -c "$given" | run_sql -d "$POSTGRES_DB" ;;
    esac
  done
}

initialise() {
  umask 077
  export POSTGRES_USER="${POSTGRES_USER:-postgres}"
  export POSTGRES_DB="${POSTGRES_DB:-$POSTGRES_USER}"
  words= password=$(mktemp)
  if [ -n "${POSTGRES_PASSWORD:-}" ]; then
    printf '%s\n' "$POSTGRES_PASSWORD" >"$password"
    words=--pwfile=$password
  fi
  # shellcheck disable=SC2086  # options are several words
  initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" $words ${POSTGRES_INITDB_ARGS:-}
  rm -f "$password"
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
  if [ "$POSTGRES_DB" != postgres ]; then
    echo 'CREATE DATABASE :"db";' | run_sql -d postgres --set db="$POSTGRES_DB"
  fi
  run_given
  pg_ctl -D "$PGDATA" -m fast -w stop
  echo "the database is made; postgres starts"
}

[ -s "$PGDATA/PG_VERSION" ] || initialise
exec "$@"
