#!/usr/bin/env bash
# `make run`: on this machine where we are root on Debian and no Docker runs already; otherwise in a container on that Docker.
set -euo pipefail
export EXPLORER_BEGUN=${EXPLORER_BEGUN:-$(date +%s.%N)}
. "$(dirname "$0")/phases.sh"

docker_runs() { command -v docker >/dev/null && timeout 5 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
native_possible() { [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

case ${EXPLORER_MODE:-auto} in
  native | container) mode=$EXPLORER_MODE ;;
  auto) if native_possible && ! docker_runs; then mode=native; else mode=container; fi ;;
  *) stop "EXPLORER_MODE=$EXPLORER_MODE: expected auto, native or container" ;;
esac

if [ "$mode" = native ]; then
  native_possible || stop "running on this machine itself needs root on Debian; without EXPLORER_MODE=native a Docker that runs here is used"
  setup/all.sh base
  exec .venv/bin/python manage.py up
fi
docker_runs || stop "this needs either root on Debian 12 or newer (sudo make run), or a Docker that runs and that you may use (docker version answers)"
exec setup/run-in-docker.sh
