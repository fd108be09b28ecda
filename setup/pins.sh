#!/usr/bin/env bash
# Renews every pinned version: Python's in requirements/*.txt, the front end's in package.json and package-lock.json.
# The limits in requirements/*.in and the major versions in package.json hold. Asks the package registries, like the first set-up.
set -euo pipefail
. "$(dirname "$0")/phases.sh"
PATH=$top/.venv/bin:$PATH

for list in base dev fuzz node; do
  phase "pins $list" uv pip compile --upgrade --universal --generate-hashes --strip-extras --no-header --python-version 3.11 \
    "requirements/$list.in" -o "requirements/$list.txt"
done

kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
locked() { npm install --package-lock-only --save-exact --no-audit --no-fund "$1" && npm ci --dry-run --no-audit --no-fund; }
# a lock file that `npm ci` refuses is of no use: the package then keeps its version
while read -r name version; do
  cp package.json package-lock.json "$kept"
  if ! locked "$name@^$version" >"$logs/pins-npm.log" 2>&1; then
    cp "$kept"/package.json "$kept"/package-lock.json .
    printf '  %s stays at %s: npm ci refuses the newer one\n' "$name" "$version"
  fi
done < <(node -p 'Object.entries(require("./package.json").devDependencies).map(([n, v]) => n + " " + v).join("\n")')
phase "pins npm" npm update --package-lock-only --no-audit --no-fund

! grep -nE '"resolved"|^--(extra-)?index-url' requirements/*.txt package-lock.json || stop "a lock file names a registry's address"
git diff --stat -- requirements package.json package-lock.json
printf 'Read the changes, then run make test.\n'
