#!/usr/bin/env bash
# Played in the emulated machine: a node is healthy there, lessons are green, and red without what they are about. What was
# seen of the lesson that other kernels cannot play is left in /out.
set -uo pipefail
export EXPLORER_INSTALL=vm EXPLORER_STATE=/root/state EXPLORER_ENGINES=26 EXPLORER_PATIENCE=${EXPLORER_PATIENCE:-6}
lesson=ipvlan key=shared:2
failed=0
printf '• %s, Linux %s, cgroup %s, AppArmor %s\n' "$(. /etc/os-release && echo "$PRETTY_NAME")" "$(uname -r)" \
  "$(stat -fc %T /sys/fs/cgroup)" "$(cat /sys/module/apparmor/parameters/enabled)"

part() { # NAME STATUS COMMAND…: whether the command ends with STATUS, and how long it took
  local name=$1 wanted=$2 begun=$EPOCHSECONDS status=0
  shift 2
  printf '\n── %s\n' "$name"
  "$@" 2>&1 || status=$?
  if [ $status = "$wanted" ]; then
    printf '✓ %-44s %5s s\n' "$name" $((EPOCHSECONDS - begun))
  else
    printf '✗ %-44s %5s s, status %s instead of %s\n' "$name" $((EPOCHSECONDS - begun)) $status "$wanted"
    failed=1
  fi
}
manage() { python3 manage.py "$@"; }

start() {
  python3 manage.py engine >/out/engine.log 2>&1 & # not by the function: the pid would be a shell's
  engine=$!
  while ! grep -q '^ready' /out/engine.log; do
    kill -0 $engine 2>/dev/null || { cat /out/engine.log; return 1; }
    sleep 1
  done
  cat /out/engine.log
}

stop() { # afterwards nothing of it is there
  kill -TERM $engine && wait $engine && ! ip netns list | grep . && ! pgrep -a dockerd && ! grep explorer /proc/self/mounts | grep -v ' /srv/explorer '
}

red() { # solving fails, and says which check stayed red
  manage lesson solve "$@" >/out/red.log 2>&1
  local status=$?
  tail -n 12 /out/red.log
  grep -q 'did not turn green' /out/red.log && return $status
  return 9
}

part "engine" 0 start
part "labdoctor" 0 manage labdoctor
part "lesson bridge" 0 manage lesson solve bridge
part "lesson $lesson" 0 manage lesson solve $lesson --keep /out/seen --record /out/recording.json.gz
part "lesson $lesson without $key is red" 1 red $lesson --skip $key --until "${key%:*}"
part "engine stops and leaves nothing" 0 stop
exit $failed
