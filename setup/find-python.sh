# Sourced: sets `python` to the first interpreter that is new enough, or stops with a sentence.
python=
for candidate in "${PYTHON:-}" /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
  [ -n "$candidate" ] && candidate=$(command -v "$candidate" 2>/dev/null) || continue
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$candidate; break; fi
done
[ -n "$python" ] || stop "Python 3.11 or newer is needed and was not found; install it, or name one: make ${MAKECMDGOALS:-run} PYTHON=/path/to/python3"
