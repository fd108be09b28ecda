#!/usr/bin/env bash
# Compiles the program that asks the kernel why it drops a packet: explorer/lab/drops. Without it everything else works.
set -euo pipefail
. "$(dirname "$0")/phases.sh"
source=explorer/lab/drops/dropped.bpf.c
object=var/bpf/dropped-$(sha256sum <$source | cut -c1-16).o
[ ! -f "$object" ] || exit 0
command -v clang >/dev/null || { echo "• no clang here: the explorer will not know the kernel's drop reasons"; exit 0; }

compile() {
  mkdir -p var/bpf
  rm -f var/bpf/dropped-*.o
  clang -g -O2 -Wall -Werror -target bpf -c $source -o "$object.new"
  mv "$object.new" "$object"
}
phase "drop reasons" compile
