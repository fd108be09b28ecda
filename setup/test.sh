#!/usr/bin/env bash
# Sets up, then runs the kinds of tests asked for, each in a pytest of its own: Playwright's loop and ours cannot share a process.
#   test.sh unit|engine|browser…
set -uo pipefail
. "$(dirname "$0")/phases.sh"
setup/all.sh dev || exit

export EXPLORER_INSTALL=${EXPLORER_TEST_INSTALL:-test} EXPLORER_STATE=${EXPLORER_TEST_STATE:-$top/var/test}
mkdir -p "$EXPLORER_STATE"
.venv/bin/python manage.py collectstatic --no-input -v 0 || exit

pytest=(.venv/bin/python -m pytest)
declare -A calls=(
  [unit]="tests -n 2 --dist loadfile --ignore tests/engine --ignore tests/browser -m not_engine_nor_browser"
  [engine]="tests -m engine --ignore tests/browser --timeout 600"
  [browser]="tests/browser --timeout 300"
)
results=() status=0 begun=$(now)

for kind in "$@"; do
  read -ra words <<<"${calls[$kind]}"
  for i in "${!words[@]}"; do [ "${words[$i]}" != not_engine_nor_browser ] || words[i]="not engine and not browser"; done
  printf '\n── %s tests\n' "$kind"
  started=$(now) ended=0
  "${pytest[@]}" "${words[@]}" || ended=$?
  case $ended in
    0) results+=("✓ $kind ($(since "$started"))") ;;
    5) results+=("– $kind: none found") ;;
    130) exit 130 ;;
    *) results+=("✗ $kind ($(since "$started"))") status=1 ;;
  esac
done
printf '\n── %s\n' "$(since "$begun")"
printf '%s\n' "${results[@]}"
exit $status
