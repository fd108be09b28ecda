#!/usr/bin/env bash
# Makes what the emulated machine starts from: kernel, initrd, and a disk with Debian's packages and the pinned Python packages.
#   disk.sh DIRECTORY      an empty directory, which then holds kernel, initrd, disk
set -euo pipefail
cd "$(dirname "$0")/../.."
to=$1
suite=trixie python=3.13 # that suite's Python

wheels() { # the same pins as everywhere, as that Python takes them; pip here, because the machine has no network
  local platforms=() minor
  for minor in 39 34 31 28 27 26 24 17 12 5; do platforms+=(--platform "manylinux_2_${minor}_x86_64"); done
  .venv/bin/python -m pip install --disable-pip-version-check --no-input --no-compile --require-hashes --only-binary :all: \
    --implementation cp --python-version $python --abi "cp${python/./}" --abi abi3 --abi none "${platforms[@]}" --platform any \
    --target "$to/python" -r requirements/base.txt
}

debian() {
  local packages useless
  packages=$(sed 's/#.*//; /^[[:space:]]*$/d' tests/vm/machine.packages | paste -sd,)
  useless="docker.service docker.socket containerd.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer
    dpkg-db-backup.timer getty@tty1.service serial-getty@ttyS0.service"
  # The initrd has what this one machine starts from, and no more: unpacking it is slow when emulated.
  TMPDIR=$to mmdebstrap --quiet --variant=minbase --include="$packages" '--aptopt=Acquire::Check-Valid-Until "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"' \
    --essential-hook='echo MODULES=list >"$1/etc/initramfs-tools/conf.d/explorer"' \
    --essential-hook='printf "%s\n" virtio_pci virtio_blk ext4 >"$1/usr/share/initramfs-tools/modules.d/explorer"' \
    --customize-hook="cp -r '$to/python' \"\$1/opt/python\"" \
    --customize-hook='chroot "$1" python3 -m compileall -q /opt/python || true' \
    --customize-hook='cp tests/vm/explorer-vm.service "$1/etc/systemd/system/"' \
    --customize-hook="chroot \"\$1\" systemctl -q mask $(echo $useless)" \
    --customize-hook='chroot "$1" systemctl -q enable explorer-vm.service' \
    --customize-hook='mkdir "$1/srv/explorer"; echo "LABEL=project /srv/explorer ext4 defaults 0 0" >"$1/etc/fstab"' \
    --customize-hook='echo explorer-vm >"$1/etc/hostname"; rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin' \
    $suite "$to/root"
}

wheels
debian
cp "$to"/root/boot/vmlinuz-* "$to/kernel"
cp "$to"/root/boot/initrd.img-* "$to/initrd"
mke2fs -q -t ext4 -E lazy_itable_init=1 -d "$to/root" "$to/disk" 12G
rm -rf --one-file-system "$to/root" "$to/python"
