#!/usr/bin/env bash
# Fuzzes the parsers of hostile input: fuzz.sh SECONDS [TARGET]. atheris is installed into a separate directory, because it has no wheel for every Python.
set -euo pipefail
. "$(dirname "$0")/phases.sh"
seconds=$1 target=${2:-}
site=var/fuzz/site
mkdir -p var/fuzz
stamp=$(digest requirements/fuzz.txt)-$(.venv/bin/python -V)
if ! fresh var/fuzz/.stamp "$stamp"; then
  rm -rf "$site"
  if .venv/bin/python -m pip install --disable-pip-version-check --no-input -q --target "$site" --no-deps --require-hashes \
    --only-binary :all: -r requirements/fuzz.txt >var/fuzz/install.log 2>&1; then
    echo "$stamp" >var/fuzz/.stamp
  else
    echo "atheris cannot be had for this Python here (var/fuzz/install.log)"
  fi
fi
export PYTHONPATH=$top/$site
exec nice .venv/bin/python -m tests.fuzz.run "$seconds" ${target:+"$target"}
