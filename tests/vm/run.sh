#!/usr/bin/env bash
# Runs SCRIPT as root in this checkout on a machine with Debian's own kernel (cgroup v2, AppArmor, ipvlan and the rest), without a
# network, emulated in software: it works everywhere and is some ten times slower. Shows what SCRIPT says, ends with its status;
# what it put into /out is in OUT. The machine's disk is made once per set of packages and then only read.
#   run.sh SCRIPT OUT      EXPLORER_VM_KVM=1: with this machine's own processor instead
set -euo pipefail
. "$(dirname "$0")/../../setup/phases.sh"
script=$1 out=$2
cache=${EXPLORER_CACHE:-/var/cache/docker-network-explorer}
memory=${EXPLORER_VM_MEMORY:-6G} cpus=${EXPLORER_VM_CPUS:-2} limit=${EXPLORER_VM_SECONDS:-7200}
machine=(-accel tcg,thread=multi -cpu max)
[ -z "${EXPLORER_VM_KVM:-}" ] || machine=(-accel kvm -cpu host)
[ "$(id -u)" = 0 ] || stop "only root can make the emulated machine's disk"
[ "$(uname -m)" = x86_64 ] || stop "the emulated machine is an x86_64 one with packages for it; on $(uname -m) nobody has tried"

set -m # each job a process group of its own, so that all of it can be ended
work=
finish() {
  local job
  for job in $(jobs -p); do kill -TERM -- "-$job" 2>/dev/null || true; done
  wait
  [ -z "$work" ] || rm -rf --one-file-system "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir -p "$cache"
work=$(mktemp -d -p "$cache" vm-run.XXXXXX)
chmod 755 "$work" # apt downloads as a user of its own
exec {lock}>"$cache/vm.lock"
flock --nonblock "$lock" || { echo "• another emulated machine runs here; waiting for it"; flock "$lock"; }

key=$(digest tests/vm/disk.sh tests/vm/machine.packages tests/vm/explorer-vm.service requirements/base.txt | cut -c1-12)
base=$cache/vm-disk-$key
make_disk() {
  mkdir -m 755 "$work/base"
  nice tests/vm/disk.sh "$work/base"
  rm -rf "$cache"/vm-disk-*
  mv "$work/base" "$base"
}
[ -d "$base" ] || phase "machine" make_disk
phase "images" .venv/bin/python manage.py images

project_disk() { # what changes from run to run: this checkout as it is now, the images, the script
  local tree=$work/project image
  mkdir -p "$tree/checkout" "$tree/cache"
  git ls-files -z --cached --others --exclude-standard | while IFS= read -rd '' image; do
    [ ! -f "$image" ] || printf '%s\0' "$image"
  done | tar -c --null --files-from - | tar -x -C "$tree/checkout"
  .venv/bin/python manage.py images --paths | while read -r image; do cp --reflink=auto "$image" "$tree/cache/"; done
  cp "$script" "$tree/script"
  mke2fs -q -t ext4 -L project -E lazy_itable_init=1 -d "$tree" "$work/project.disk" 4G
  rm -rf "$tree"
  truncate -s 64M "$work/out.disk"
}
phase "its disks" project_disk

begun=$(now) ended=0
TMPDIR=$work timeout --foreground "$limit" nice qemu-system-x86_64 "${machine[@]}" -smp "$cpus" -m "$memory" \
  -nodefaults -no-user-config -display none -no-reboot -nic none \
  -kernel "$base/kernel" -initrd "$base/initrd" -append "root=/dev/vda rw console=ttyS0 quiet" \
  -serial "file:$work/console" -serial stdio \
  -drive "file=$base/disk,if=virtio,format=raw,snapshot=on" -drive "file=$work/project.disk,if=virtio,format=raw" \
  -drive "file=$work/out.disk,if=virtio,format=raw" </dev/null &
wait $! || ended=$?
mkdir -p "$out"
if [ $ended -ne 0 ] || ! tar -xf "$work/out.disk" -C "$out" 2>/dev/null || [ ! -s "$out/status" ]; then
  tail -n 15 "$work/console" | sed 's/^/  │ /' >&2
  stop "the emulated machine did not come to its end (status $ended, 124: $limit s were not enough); above, the end of its console"
fi
status=$(cat "$out/status")
printf '%s %-12s %9s\n' "$([ "$status" = 0 ] && echo ✓ || echo ✗)" "emulated run" "$(since "$begun")"
exit "$status"
