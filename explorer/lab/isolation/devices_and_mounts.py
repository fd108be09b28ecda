"""Attempts on the node's devices and files: device files of every class, mounts of every kind, foreign roots. It runs inside a
sandbox: standard library only."""

from __future__ import annotations

import ctypes
import os
import stat
import tempfile
from collections.abc import Callable

from explorer.lab.isolation.harness import LIBC, Refused, add, attempt, call, check, in_child

SPACE = "user namespace"
NEW_MOUNTS = 0x20000
REMOUNT, BIND = 0x20, 0x1000
HERE = -100  # AT_FDCWD
OPEN_TREE_CLONE = 1
EXPIRES = "/run/explorer"  # of the node, mounted read-only into every host
DEVICES = {
    "memory: /dev/mem": ("c", 1, 1),
    "kernel memory: /dev/kmem": ("c", 1, 2),
    "ports: /dev/port": ("c", 1, 4),
    "kernel messages: /dev/kmsg": ("c", 1, 11),
    "a terminal of the machine: /dev/tty1": ("c", 4, 1),
    "a serial line: /dev/ttyS0": ("c", 4, 64),
    "the console": ("c", 5, 1),
    "loop devices: /dev/loop-control": ("c", 10, 237),
    "a loop device": ("b", 7, 0),
    "virtual machines: /dev/kvm": ("c", 10, 232),
    "FUSE": ("c", 10, 229),
    "TUN": ("c", 10, 200),
    "the clock: /dev/rtc0": ("c", 254, 0),
    "snapshots of memory": ("c", 10, 231),
    "device mapper": ("c", 10, 236),
    "vhost-net": ("c", 10, 238),
    "vhost-vsock": ("c", 10, 241),
    "a watchdog": ("c", 10, 130),
    "a disk: virtio": ("b", 254, 0),
    "a disk: SCSI": ("b", 8, 0),
    "a disk: NVMe": ("b", 259, 0),
    "raw SCSI": ("c", 21, 0),
    "graphics: /dev/dri/card0": ("c", 226, 0),
    "input devices": ("c", 13, 64),
    "processor registers: msr": ("c", 202, 0),
    "user-level I/O: uinput": ("c", 10, 223),
    "auto-mounter": ("c", 10, 235),
    "a disk of the network: nbd": ("b", 43, 0),
}


def make_device(kind: str, major: int, minor: int) -> object:
    """Makes the file and does not open it: opening a watchdog would start it."""
    path = tempfile.mktemp(dir="/tmp")  # noqa: S306 - the name of a node that must not be there yet
    os.mknod(path, 0o600 | (stat.S_IFCHR if kind == "c" else stat.S_IFBLK), os.makedev(major, minor))
    os.unlink(path)
    return "made"


def the_device(kind: str, major: int, minor: int) -> Callable[[], object]:
    return lambda: make_device(kind, major, minor)


for _name, _numbers in DEVICES.items():
    add(f"device file of {_name}", SPACE, ("EPERM",), the_device(*_numbers))


@attempt("device files in /dev that lead out", SPACE)
def found_devices() -> object:
    """Whatever is in /dev has to be one of those that are only a source or a sink of bytes, or a terminal of ours."""
    harmless = {(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)}
    odd = []
    for folder, _, names in os.walk("/dev"):
        for name in names:
            found = os.lstat(os.path.join(folder, name))
            if stat.S_ISBLK(found.st_mode):
                odd.append(name)
            if stat.S_ISCHR(found.st_mode):
                number = os.major(found.st_rdev), os.minor(found.st_rdev)
                if number not in harmless and number[0] != 136:
                    odd.append(name)
    if odd:
        return ", ".join(odd)
    raise Refused("null, zero, full, random, urandom, tty and own terminals")


def mount(source: str, kind: str, options: str = "", flags: int = 0) -> object:
    """Mounts it in a mount namespace of this act's own, and says what can be seen there."""
    target = tempfile.mkdtemp(dir="/tmp")
    words = [ctypes.c_char_p(word.encode() or None) for word in (source, target, kind)]
    check(LIBC.mount(*words, ctypes.c_ulong(flags), ctypes.c_char_p(options.encode() or None)))
    return f"mounted: {', '.join(sorted(os.listdir(target))[:5])}"


def the_mount(source: str, kind: str, options: str = "") -> Callable[[], object]:
    def act() -> object:
        check(LIBC.unshare(NEW_MOUNTS))
        return mount(source, kind, options)

    return lambda: in_child(act)


MOUNTS = {
    "the kernel's debugging files: debugfs": ("none", "debugfs", ""),
    "the kernel's tracing files: tracefs": ("none", "tracefs", ""),
    "the kernel's security files: securityfs": ("none", "securityfs", ""),
    "the kernel's settings: configfs": ("none", "configfs", ""),
    "devices: devtmpfs": ("none", "devtmpfs", ""),
    "crash logs: pstore": ("none", "pstore", ""),
    "BPF objects: bpf": ("none", "bpf", ""),
    "huge pages": ("none", "hugetlbfs", ""),
    "an ext4 image": ("/root/image", "ext4", ""),
    "a squashfs image": ("/root/image", "squashfs", ""),
    "an iso9660 image": ("/root/image", "iso9660", ""),
    "a FAT image": ("/root/image", "vfat", ""),
    "an XFS image": ("/root/image", "xfs", ""),
    "a Btrfs image": ("/root/image", "btrfs", ""),
    "files of another machine: NFS": ("10.77.1.100:/", "nfs", "addr=10.77.1.100,nolock"),
    "files of another machine: 9p": ("10.77.1.100", "9p", "trans=tcp"),
    "files of another machine: CIFS": ("//10.77.1.100/x", "cifs", "guest"),
    "files of another machine: Ceph": ("10.77.1.100:/", "ceph", ""),
}
REFUSALS = ("EPERM", "ENODEV", "EACCES", "ENOTBLK")  # ENODEV: this kernel has no such file system, nor loads one for us
for _name, _words in MOUNTS.items():
    add(f"mount of {_name}", SPACE, REFUSALS, the_mount(*_words))


@attempt("FUSE file system", SPACE, "EPERM", "ENOENT")
def fuse() -> object:
    return os.open("/dev/fuse", os.O_RDWR)


@attempt("new view of a file system of the node: fsopen", SPACE, "EPERM", "ENODEV")
def fsopen() -> object:
    return in_child(lambda: call("fsconfig", call("fsopen", b"ext4", 0), 6, None, None, 0))


def only_if_ours(path: str) -> object:
    """The node's own directories belong to nobody here."""
    found = os.stat(path)
    if found.st_uid == 0:
        raise Refused("it ends at a root that is the sandbox's own")
    return f"of user id {found.st_uid}: {', '.join(sorted(os.listdir(path))[:5])}"


@attempt("write where the node mounted read-only, after a remount", SPACE, "EACCES", "EPERM")
def remount() -> object:
    def act() -> object:
        check(LIBC.unshare(NEW_MOUNTS))
        check(LIBC.mount(None, EXPIRES.encode(), None, ctypes.c_ulong(REMOUNT | BIND), None))
        return os.open(f"{EXPIRES}/at", os.O_WRONLY)

    if not os.path.exists(f"{EXPIRES}/at"):
        raise Refused("no file of the node is mounted here")
    return in_child(act)


@attempt("the directory above a mount of the node's, by open_tree and move_mount", SPACE, "EPERM", "EINVAL")
def above_a_mount() -> object:
    def act() -> object:
        check(LIBC.unshare(NEW_MOUNTS))
        tree = call("open_tree", HERE, b"/etc/hosts", OPEN_TREE_CLONE)
        target = tempfile.mkdtemp(dir="/tmp") + "/file"
        os.close(os.open(target, os.O_CREAT))
        call("move_mount", tree, b"", HERE, target.encode(), 4)
        return only_if_ours(os.path.join(target, "..", "..", ".."))

    def by_the_kernel() -> object:
        try:
            return act()
        except NotADirectoryError:
            raise Refused("a mounted file leads nowhere") from None

    return in_child(by_the_kernel)


@attempt("what lies under the root: umount of /", SPACE, "EINVAL", "EPERM", "EBUSY")
def under_the_root() -> object:
    def act() -> object:
        check(LIBC.unshare(NEW_MOUNTS))
        check(LIBC.umount2(b"/", 2))  # lazily
        for _ in range(30):
            os.chdir("..")
        return only_if_ours(".")

    return in_child(act)


@attempt("out of a chroot, by a directory that was opened before", "mount namespace", "EPERM")
def out_of_chroot() -> object:
    def act() -> object:
        top = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
        os.chroot(tempfile.mkdtemp(dir="/tmp"))
        os.fchdir(top)
        for _ in range(60):
            os.chdir("..")
        os.chroot(".")
        return only_if_ours("/")

    return in_child(act)


@attempt("root on the node, by name", SPACE)
def root_by_name() -> object:
    """What root here writes to the node's disk must not be root's there: its user id tells."""
    with open("/proc/self/uid_map") as lines:
        inside, outside, count = (int(word) for word in lines.readline().split())
    if (inside, outside) == (0, 0) or outside < 65536:
        return f"user id {inside} is {outside} on the node, {count} of them"
    raise Refused(f"root here is user id {outside} on the node")


@attempt("overlay of foreign layers: the directories the host itself is made of", SPACE, "ENOENT", "EACCES", "EPERM", "ELOOP")
def foreign_layers() -> object:
    with open("/proc/self/mountinfo") as lines:
        root = next(line for line in lines if line.split()[4] == "/")
    lower = root.partition("lowerdir=")[2].partition(",")[0]
    if not lower.startswith("/"):
        raise Refused("the mount table names no directory of the node")
    return os.listdir(lower.split(":")[0])[:5]
