#!/usr/bin/env bash
# The front end: installed from package-lock.json, built into static/build.
set -euo pipefail
. "$(dirname "$0")/phases.sh"
[ -f package.json ] || exit 0

node_new_enough() { command -v npm >/dev/null && node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null; }
PATH=$top/.venv/bin:$PATH   # where the wheel's node goes
node_new_enough || phase node .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes --only-binary :all: -r requirements/node.txt
hash -r
node_new_enough || stop "Node 20 or newer is needed to build the front end and could not be installed"

stamp=node_modules/.stamp lock=$(digest package.json package-lock.json)
if ! fresh $stamp "$lock"; then
  phase "npm ci" npm ci --no-audit --no-fund
  echo "$lock" >$stamp
fi
stamp=node_modules/.stamp-build inputs=$(digest package.json package-lock.json static templates explorer/web)
if [ ! -d static/build ] || ! fresh $stamp "$inputs"; then
  phase "front end" npm run --silent build
  echo "$inputs" >$stamp
fi
