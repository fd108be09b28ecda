#!/usr/bin/env bash
# The virtual environment, from hashed pins.
#   python.sh base|dev      dev holds everything of base
set -euo pipefail
. "$(dirname "$0")/phases.sh"
. setup/find-python.sh
list=requirements/$1.txt

for known in "$1" dev; do
  ! [ -x .venv/bin/python ] || ! fresh .venv/.stamp-$known "$(digest requirements/$known.txt)" || exit 0
done

make_environment() {
  [ -x .venv/bin/python ] && .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' ||
    "$python" -m venv --clear .venv
  .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes --only-binary :all: -r "$list"
  .venv/bin/python -m compileall -q -j 0 .venv/lib || true
}

phase python make_environment
digest "$list" >.venv/.stamp-$1
