#!/usr/bin/env bash
# `make instructor`: asks for a name and a password and makes an instructor's account; in the container when the site runs there.
#   instructor.sh [--operator] [--renew] …   as `manage.py instructor --help` says
set -euo pipefail
. "$(dirname "$0")/phases.sh"
name=docker-network-explorer-${EXPLORER_INSTALL:-default}
if command -v docker >/dev/null && [ -n "$(timeout 5 docker ps -q --filter "name=^/$name\$" 2>/dev/null)" ]; then
  terminal=(--interactive); [ ! -t 0 ] || [ ! -t 1 ] || terminal+=(--tty)
  exec docker exec "${terminal[@]}" "$name" python manage.py instructor "$@"
fi
[ -x .venv/bin/python ] || stop "nothing is set up here yet: make run first"
exec .venv/bin/python manage.py instructor "$@"
