#!/usr/bin/env bash
# Every check of the code that does not run it. All checks run; the exit status says whether one failed.
set -uo pipefail
. "$(dirname "$0")/phases.sh"
PATH=$top/.venv/bin:$PATH
status=0

check() {
  local name=$1 begun output
  shift
  begun=$(now)
  if output=$("$@" 2>&1 </dev/null); then
    printf '✓ %-12s %9s\n' "$name" "$(since "$begun")"
  else
    printf '✗ %-12s %9s\n%s\n' "$name" "$(since "$begun")" "$(sed 's/^/  │ /' <<<"$output")"
    status=1
  fi
}

templates() { find templates -name '*.html' -print0 | xargs -0r djade --check --target-version 5.2; }
npm_script() { node -e 'process.exit(+!(require("./package.json").scripts ?? {})[process.argv[1]])' "$1"; }

check format ruff format --check .
check lint ruff check .
check types mypy explorer tests bench
check templates templates
check imports lint-imports --no-cache
check dependencies deptry .
check migrations python manage.py makemigrations --check --dry-run
check lessons python manage.py lesson check
if [ -f package.json ]; then
  for script in check test; do ! npm_script $script || check "front-end $script" npm run --silent $script; done
fi
exit $status
