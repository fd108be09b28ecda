#!/usr/bin/env bash
# Every fault, and the table of them: var/faults.md and var/faults.json. Takes up to an hour on two cores.
#   faults.sh [EXPRESSION]   only faults whose names match, as pytest's -k
set -uo pipefail
. "$(dirname "$0")/phases.sh"
setup/all.sh dev || exit

export EXPLORER_INSTALL=${EXPLORER_TEST_INSTALL:-test} EXPLORER_STATE=${EXPLORER_TEST_STATE:-$top/var/test}
export EXPLORER_TEST_FAULTS=$top/var/faults.jsonl
mkdir -p "$EXPLORER_STATE"
rm -f "$EXPLORER_TEST_FAULTS"
ended() { [ "$1" = 5 ] || status=1; } # 5: no test has such a name
.venv/bin/python manage.py collectstatic --no-input -v 0 || exit

pytest=(.venv/bin/python -m pytest -p tests.faults.table)
only=(${1:+-k "$1"})
status=0

# A fault mostly waits until all is whole again. So those of the parts run beside the others, on an installation of their own.
beside=tests/faults/test_parts.py log=$EXPLORER_STATE/parts.log
EXPLORER_INSTALL=$EXPLORER_INSTALL-parts "${pytest[@]}" "$beside" "${only[@]}" >"$log" 2>&1 </dev/null &
parts=$!
trap 'kill -INT $parts 2>/dev/null; wait $parts; exit 130' INT TERM HUP
"${pytest[@]}" tests/faults --ignore "$beside" "${only[@]}" || ended $?
wait $parts || ended $?
trap - INT TERM HUP
printf '\n── faults of the parts, made meanwhile\n'
cat "$log"
if [ $# = 0 ]; then
  mapfile -t known < <(.venv/bin/python -m tests.faults.table ids)
  export EXPLORER_FAULTS_EXAMPLES=${EXPLORER_FAULTS_EXAMPLES:-200} EXPLORER_FAULTS_SEED=${EXPLORER_FAULTS_SEED:-$RANDOM}
  "${pytest[@]}" "${known[@]}" --timeout 3000 || status=1
fi
.venv/bin/python -m tests.faults.table "$EXPLORER_TEST_FAULTS" || status=1
exit $status
