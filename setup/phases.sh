# Sourced by the set-up scripts. A phase shows its progress and time; it is skipped when nothing that it reads has changed.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
logs=$top/var/setup
mkdir -p "$logs"
[ -t 1 ] && live=1 || live=

now() { if [ -n "${EPOCHREALTIME:-}" ]; then echo "${EPOCHREALTIME/[.,]/}"; else echo "$(date +%s)000000"; fi; }   # microseconds
since() { local us=$(($(now) - $1)); printf '%d.%d s' $((us / 1000000)) $((us / 100000 % 10)); }

# Prints one sentence for a person and exits.
stop() { printf '✗ %s\n' "$*" >&2; exit 1; }

# digest FILE|DIRECTORY…: one word that changes whenever a path or a byte of these does
digest() {
  { printf '%s\n' "$@"; find "$@" -type f -not -path '*/build/*' -not -path '*/__pycache__/*' -print0 2>/dev/null | sort -z | xargs -0r sha256sum; } | sha256sum | cut -c1-32
}

fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }   # fresh STAMP DIGEST

# phase NAME COMMAND…: runs it with its output in a log; shows the log's last line while it works and its end when it fails
phase() {
  local name=$1 log=$logs/${1// /-}.log begun pid status=0
  shift
  begun=$(now)
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  if [ "$live" ]; then
    while kill -0 $pid 2>/dev/null; do
      printf '\r\033[K… %-12s %9s  %s' "$name" "$(since "$begun")" "$(tail -n 1 "$log" | tr -cd '[:print:]' | cut -c1-60)"
      sleep 0.2
    done
    printf '\r\033[K'
  fi
  wait $pid || status=$?
  if [ $status -ne 0 ]; then
    printf '✗ %-12s %9s\n' "$name" "$(since "$begun")" >&2
    tail -n 15 "$log" | sed 's/^/  │ /' >&2
    stop "set-up stopped at “$name”; the whole log is ${log#"$top"/}"
  fi
  printf '✓ %-12s %9s\n' "$name" "$(since "$begun")"
}
