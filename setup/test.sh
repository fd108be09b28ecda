#!/usr/bin/env bash
# Sets up, then runs the kinds of tests asked for, each in a pytest of its own: Playwright's loop and ours cannot share a process.
#   test.sh unit|engine|browser…
set -uo pipefail
. "$(dirname "$0")/phases.sh"
setup/all.sh dev || exit

export EXPLORER_INSTALL=${EXPLORER_TEST_INSTALL:-test} EXPLORER_STATE=${EXPLORER_TEST_STATE:-$top/var/test}
mkdir -p "$EXPLORER_STATE"
.venv/bin/python manage.py collectstatic --no-input -v 0 || exit

tests() {
  case $1 in
    unit) set -- tests -n 2 --dist loadfile --ignore tests/engine --ignore tests/browser -m 'not engine and not browser' ;;
    engine) set -- tests --ignore tests/browser -m engine --timeout 600 ;;
    browser) set -- tests/browser --timeout 300 ;;
    *) stop "no such kind of tests: $1" ;;
  esac
  exec .venv/bin/python -m pytest "$@"
}

child='' stopped=''
interrupt() { # pytest takes an interrupt as a wish to tidy up and end; a TERM would leave what its fixtures started
  stopped=1
  [ -z "$child" ] || kill -INT "$child" 2>/dev/null || true
}
trap interrupt INT TERM HUP

results=() status=0 begun=$(now)
for kind in "$@"; do
  printf '\n── %s tests\n' "$kind"
  started=$(now) ended=0
  set -m # or a shell that is no terminal's would have it ignore interrupts
  tests "$kind" </dev/null &
  child=$!
  set +m
  while :; do
    ended=0
    wait "$child" || ended=$?
    kill -0 "$child" 2>/dev/null || break # else it was our trap that ended the wait
  done
  child=
  [ -z "$stopped" ] || exit 130
  case $ended in
    0) results+=("✓ $kind ($(since "$started"))") ;;
    5) results+=("– $kind: none found") ;;
    *) results+=("✗ $kind ($(since "$started"))") status=1 ;;
  esac
done
printf '\n── %s\n' "$(since "$begun")"
printf '%s\n' "${results[@]}"
exit $status
