#!/usr/bin/env bash
# `make run`: directly on this machine if we are root on Debian and no Docker runs here; otherwise in a container on that Docker.
set -euo pipefail
. "$(dirname "$0")/phases.sh"
export EXPLORER_BEGUN=${EXPLORER_BEGUN:-$(now)}

in_time() { if command -v timeout >/dev/null; then timeout 5 "$@"; else "$@"; fi; }
docker_runs() { command -v docker >/dev/null && in_time docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
native_possible() { [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

case ${EXPLORER_MODE:-auto} in
  native | container) mode=$EXPLORER_MODE ;;
  auto) if native_possible && ! docker_runs; then mode=native; else mode=container; fi ;;
  *) stop "EXPLORER_MODE=$EXPLORER_MODE: expected auto, native or container" ;;
esac

native() {
  setup/all.sh base
  exec .venv/bin/python manage.py up
}

if [ "$mode" = native ]; then
  native_possible || stop "running on this machine itself needs root on Debian; without EXPLORER_MODE=native a Docker that runs here is used"
  native
fi
docker_runs || stop "this needs either root on Debian 12 or newer (sudo make run), or a Docker that runs and that you may use (docker version answers)"
status=0
setup/run-in-docker.sh build || status=$?
if [ $status -eq 75 ] && [ "${EXPLORER_MODE:-auto}" = auto ] && native_possible; then
  echo "• the Docker here cannot build our image; running beside it instead, with an engine of our own"
  native
fi
[ $status -eq 0 ] || exit $status
exec setup/run-in-docker.sh start
