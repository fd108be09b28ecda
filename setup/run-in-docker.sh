#!/usr/bin/env bash
# Runs everything in one container of our own node image, on a Docker that already runs. That Docker gets this container, its image and
# three volumes (state, engine, cache). No sandbox runs on that Docker, and nothing else of it is changed.
#   run-in-docker.sh build|start
set -euo pipefail
. "$(dirname "$0")/phases.sh"
install=${EXPLORER_INSTALL:-default}
name=docker-network-explorer-$install
image=docker-network-explorer/node:$install
port=${PORT:-8000}

[ -z "$(docker ps -q --filter "name=^/$name\$")" ] ||
  stop "this installation is running already, in container $name; stop it with Ctrl-C where it was started, or: docker stop $name"
docker rm -f "$name" >/dev/null 2>&1 || true # one that was killed

if [ "$1" = build ]; then
  network=()
  [ -z "${EXPLORER_BUILD_NETWORK:-}" ] || network=(--network "$EXPLORER_BUILD_NETWORK")
  (phase "node image" docker build ${network[@]+"${network[@]}"} -f docker/Dockerfile --target node -t "$image" .) || exit 75 # the caller may know another way
  exit 0
fi

settings=(--env PORT="$port" --env EXPLORER_INSTALL="$install" --env EXPLORER_BEGUN="${EXPLORER_BEGUN:-}")
while IFS= read -r variable; do
  case $variable in
    EXPLORER_STATE | EXPLORER_RUN | EXPLORER_CACHE | EXPLORER_ENGINE_DIR | EXPLORER_BIND | EXPLORER_INSTALL | EXPLORER_NODE | EXPLORER_BEGUN | EXPLORER_MODE) ;;
    EXPLORER_* | SECRET_KEY | ALLOWED_HOSTS | DATABASE_URL | REDIS_URL) settings+=(--env "$variable=${!variable}") ;;
  esac
done < <(compgen -e)

terminal=(); [ ! -t 0 ] || [ ! -t 1 ] || terminal=(--interactive --tty)
# The engine in the container needs these rights, without --privileged: namespaces and mounts (SYS_ADMIN), networks (NET_ADMIN),
# entering the namespaces of hosts (SYS_PTRACE), loop devices for the hosts' disks (7:*, and 10:237 to ask for a free one). The default profiles forbid mounts whatever the capabilities are.
exec docker run --rm --init --name "$name" --hostname "${EXPLORER_NODE:-node1}" ${terminal[@]+"${terminal[@]}"} \
  --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE \
  --device-cgroup-rule "b 7:* rwm" --device-cgroup-rule "c 10:237 rwm" \
  --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined \
  --publish "${EXPLORER_BIND:-127.0.0.1}:$port:$port" --stop-timeout 90 --tmpfs /run:exec,mode=755 \
  --volume "$name-state:/var/lib/explorer" --volume "$name-engine:/var/lib/explorer-engine" \
  --volume "$name-cache:/var/cache/docker-network-explorer" \
  "${settings[@]}" "$image" --parts all
