#!/usr/bin/env bash
# Sets up, then runs the kinds of tests asked for, each in a separate pytest: Playwright's event loop and ours cannot share a process.
#   test.sh unit|engine|browser…
#   test.sh broken   random broken networks, as many as EXPLORER_BROKEN_NETWORKS says
#   test.sh endings  every way a packet can end, with both versions of Docker Engine, and the table of them
#   test.sh pages    Docker's pages about networks, typed on hosts of both versions, and the table of them
#   test.sh stand-ins  builds the stand-in images and runs each on hosts, and gets images from a registry
#   test.sh engines  builds hosts of packages as Docker publishes them, and plays a lesson on each
#   test.sh attacks attacks-unit attacks-browser   every attack, the slow ones too, and the table of them
set -uo pipefail
. "$(dirname "$0")/phases.sh"
setup/all.sh dev || exit

export EXPLORER_INSTALL=${EXPLORER_TEST_INSTALL:-test} EXPLORER_STATE=${EXPLORER_TEST_STATE:-$top/var/test}
mkdir -p "$EXPLORER_STATE"
.venv/bin/python manage.py collectstatic --no-input -v 0 || exit

# The kernel divides the processor between sessions, and the parts of an installation come first (explorer/priority.py). Tests do
# much of the parts' work in this session, so it comes first as well, as long as they run.
group=/proc/$$/autogroup
before=$(sed -n 's/.* nice //p' "$group" 2>/dev/null)
if [ -n "$before" ] && { echo -10 >"$group"; } 2>/dev/null; then trap 'echo "$before" >"$group"' EXIT; fi

# A test that depends on the machine's timing is tried once more when it fails. A test that needed this is named at the end (R) and
# written to the ledger, and has to be repaired; more than three in a run fail the run (tests/reruns.py).
export EXPLORER_TEST_RERUNS=$EXPLORER_STATE/reruns.jsonl
rm -f "$EXPLORER_TEST_RERUNS"
export EXPLORER_TEST_ATTACKS=$EXPLORER_STATE/attacks.jsonl # a line for each attack that was run
[[ " $* " != *" attacks "* ]] || EXPLORER_TEST_ATTACKS=$top/var/attacks.jsonl
rm -f "$EXPLORER_TEST_ATTACKS"
again=(--reruns 1 --reruns-delay 3 -rR)

# Beside the engine tests run, one after the other: the lessons, the browser tests, and the tests of what is said of packets. Each kind
# has an engine or an installation of its own. All of them mostly wait, so two can run at the same time. The times that are printed at
# the end say whether both rows of tests still take about as long; a file moves from one to the other by its name in this list.
said=(tests/engine/test_{endings,journey,journey_drivers}.py)
tests() {
  case $1 in
    unit) set -- tests -n 2 --dist loadfile --ignore tests/engine --ignore tests/browser -m 'not engine and not browser' ;;
    engine)
      set -- tests --ignore tests/browser --ignore tests/engine/test_lessons.py "${said[@]/#/--ignore=}" \
        -m 'engine and not slow_attack' --timeout 600 --durations 12 "${again[@]}"
      ;;
    said)
      export EXPLORER_INSTALL=$EXPLORER_INSTALL-said
      set -- "${said[@]}" -m engine --timeout 600 --durations 12 "${again[@]}"
      ;;
    broken) set -- tests/engine/test_broken_networks.py -m engine -s ;;
    endings)
      export EXPLORER_ENDINGS=all EXPLORER_TEST_ENDINGS=$top/var/endings.jsonl
      rm -f "$EXPLORER_TEST_ENDINGS"
      set -- tests/engine/test_endings.py -m engine
      ;;
    pages)
      export EXPLORER_PAGES=all EXPLORER_TEST_PAGES=$top/var/docker-pages.jsonl
      rm -f "$EXPLORER_TEST_PAGES"
      set -- tests/engine/test_docker_pages.py -m engine
      ;;
    stand-ins)
      export EXPLORER_STAND_INS=1
      set -- tests/engine/test_stand_ins.py tests/engine/test_registry.py -m engine
      ;;
    engines)
      export EXPLORER_REPACKED=1
      set -- tests/engine/test_engine_sources.py -m engine -s
      ;;
    attacks) set -- tests --ignore tests/browser -m 'attack and engine' --timeout 1200 ;;
    attacks-unit) set -- tests -n 2 --dist loadfile --ignore tests/engine --ignore tests/browser -m 'attack and not engine' ;;
    attacks-browser) set -- tests/browser -m attack --timeout 300 ;;
    lessons)
      export EXPLORER_INSTALL=$EXPLORER_INSTALL-lessons
      set -- tests/engine/test_lessons.py -m engine "${again[@]}"
      ;;
    browser) set -- tests/browser --timeout 300 "${again[@]}" ;;
    *) stop "no such kind of tests: $1" ;;
  esac
  exec .venv/bin/python -m pytest "$@"
}

declare -A child=() started=()
stopped='' results=() status=0 begun=$(now)
interrupt() { # after an interrupt, pytest tidies up and ends; after a TERM, what its fixtures started would stay
  stopped=1
  for pid in "${child[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
}
trap interrupt INT TERM HUP

begin() { # begin KIND [FILE]: in the background, its output into FILE
  started[$1]=$(now)
  set -m # otherwise a shell without a terminal would make it ignore interrupts
  if [ $# -gt 1 ]; then tests "$1" </dev/null >"$2" 2>&1 & else tests "$1" </dev/null & fi
  child[$1]=$!
  set +m
}

finish() {
  local kind=$1 ended
  while :; do
    ended=0
    wait "${child[$kind]}" || ended=$?
    kill -0 "${child[$kind]}" 2>/dev/null || break # otherwise our trap ended the wait
  done
  unset "child[$kind]"
  case $ended in
    0) results+=("✓ $kind ($(since "${started[$kind]}"))") ;;
    5) results+=("– $kind: none found") ;;
    *) results+=("✗ $kind ($(since "${started[$kind]}"))") status=1 ;;
  esac
}

show() { # show KIND WORDS: prints what it has printed so far
  printf '\n── %s\n' "$2"
  cat "$EXPLORER_STATE/$1.log"
}

run_beside() { # run_beside KIND…: what runs beside the engine tests, one kind after the other, until a stop is asked for
  local other
  for other in lessons browser said; do
    [ -z "$stopped" ] || return 0
    [ "$other" != browser ] || [[ " $* " == *" browser "* ]] || continue
    begin "$other" "$EXPLORER_STATE/$other.log"
    finish "$other"
  done
}

for kind in "$@"; do
  if [ -n "${started[$kind]:-}" ]; then # it ran beside the engine tests
    show "$kind" "$kind tests, run meanwhile"
    continue
  fi
  printf '\n── %s tests\n' "$kind"
  begin "$kind"
  [ "$kind" != engine ] || run_beside "$@"
  finish "$kind"
  [ -z "$stopped" ] || break
  if [ "$kind" = engine ]; then
    show lessons 'lessons, played meanwhile'
    show said 'what is said of packets, tried meanwhile'
  fi
done
for kind in "${!child[@]}"; do finish "$kind"; done
[ -z "$stopped" ] || exit 130
printf '\n── %s\n' "$(since "$begun")"
printf '%s\n' "${results[@]}"
.venv/bin/python -m tests.reruns "$EXPLORER_TEST_RERUNS" || status=1
.venv/bin/python -m tests.attacks "$EXPLORER_TEST_ATTACKS" || status=1
[[ " $* " != *" endings "* ]] || .venv/bin/python -m tests.engine.endings.table "$top/var/endings.jsonl" || status=1
[[ " $* " != *" pages "* ]] || .venv/bin/python -m tests.engine.docker_pages.table "$top/var/docker-pages.jsonl" || status=1
exit $status
