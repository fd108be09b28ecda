"""Attempts on processes, namespaces, control groups and settings that are not the sandbox's own. It runs inside a sandbox:
standard library only."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import glob
import os
import resource
import socket
import stat
import struct
import time
from collections.abc import Callable, Iterator

from explorer.lab.isolation.harness import LIBC, Refused, add, attempt, call, check, in_child

SPACE = "user namespace"
NEW_MOUNTS, NEW_CGROUP = 0x20000, 0x02000000
REMOUNT, BIND = 0x20, 0x1000
KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")
GET_OWNER, GET_PARENT = 0xB701, 0xB702
NEXT_MOUNTS, MOUNTS_BEFORE = 0x8010B70B, 0x8010B70C
CGROUPS = "/sys/fs/cgroup"


# --- processes ---


@attempt("a process that is not the sandbox's own, in /proc", "pid namespace")
def foreign_processes() -> object:
    own = os.stat("/proc/self/ns/user").st_ino
    seen = 0
    for process in glob.glob("/proc/[0-9]*"):
        try:
            space = os.stat(f"{process}/ns/user").st_ino
            seen += 1
        except OSError:
            continue
        if space != own and os.stat(process).st_uid == 65534:
            return f"{process} is somebody else's"
    raise Refused(f"all {seen} processes are the sandbox's own")


@attempt("capabilities that no program may have back", "bounding set")
def bounding_set() -> object:
    """Of the node's: loading modules, raw I/O, the clock, the log, more than the limits, BPF, PERFMON."""
    numbers = {16: "SYS_MODULE", 17: "SYS_RAWIO", 22: "SYS_BOOT", 24: "SYS_RESOURCE", 25: "SYS_TIME", 34: "SYSLOG"}
    numbers |= {35: "WAKE_ALARM", 38: "PERFMON", 39: "BPF", 40: "CHECKPOINT_RESTORE", 2: "DAC_READ_SEARCH"}
    got = [name for number, name in numbers.items() if LIBC.prctl(23, number, 0, 0, 0) == 1]
    if got:
        return ", ".join(got)
    raise Refused(f"none of {len(numbers)}")


@attempt("every capability, in a user namespace of one's own", "seccomp and the first user namespace", "EPERM")
def all_capabilities() -> object:
    """In a new user namespace every capability is there; the clock is not its business all the same."""

    def act() -> object:
        check(LIBC.unshare(0x10000000))
        return check(LIBC.clock_settime(0, (ctypes.c_long * 2)(int(time.time()), 0)))

    return in_child(act)


# --- namespaces ---


def parent_of(kind: str, number: int) -> Callable[[], object]:
    def act() -> object:
        space = os.open(f"/proc/self/ns/{kind}", os.O_RDONLY)
        above = fcntl.ioctl(space, number)
        own = os.open("/proc/self/ns/user", os.O_RDONLY)
        if os.path.sameopenfile(above, own):
            raise Refused("it is the sandbox's own")
        return "a namespace of the node"

    return act


for _kind, _number in (("user", GET_PARENT), ("pid", GET_PARENT), ("user", GET_OWNER), ("net", GET_OWNER), ("mnt", GET_OWNER)):
    _what = "above" if _number == GET_PARENT else "that owns"
    add(f"the namespace {_what} the own {_kind} namespace", SPACE, ("EPERM",), parent_of(_kind, _number))


@attempt("mount namespaces of others, one after the other", SPACE, "ENOENT", "ENOTTY", "EPERM")
def next_mounts() -> object:
    """The kernel hands out the next mount namespace that one may enter: each has to be the sandbox's own."""
    space, own, seen = os.open("/proc/self/ns/mnt", os.O_RDONLY), os.stat("/proc/self/ns/user").st_ino, 0
    for way in (NEXT_MOUNTS, MOUNTS_BEFORE):
        at = space
        while seen < 1000:
            try:
                at = fcntl.ioctl(at, way, bytearray(64), True)
            except OSError as error:
                if error.errno == errno.ENOENT:
                    break
                raise
            seen += 1
            owner = fcntl.ioctl(at, GET_OWNER)
            if os.fstat(owner).st_ino != own:
                raise_unless_inside(owner)
    raise Refused(f"{seen} others, all in the sandbox")


def raise_unless_inside(space: int) -> None:
    """A user namespace that is not below ours would not tell who owns it."""
    fcntl.ioctl(space, GET_PARENT)


@attempt("the engine's network namespace, by the cable's other end", SPACE, "EPERM", "EACCES", "EINVAL")
def other_end() -> object:
    """RTM_GETLINK with IFLA_TARGET_NETNSID 0, which names the namespace of eth0's peer."""
    return netlink(18, 0x301, struct.pack("=BxHiII", 0, 0, 0, 0, 0) + struct.pack("=HHi", 8, 46, 0))


@attempt("an interface in the engine's network namespace", SPACE, "EPERM", "EACCES", "EINVAL")
def interface_there() -> object:
    """RTM_NEWLINK of a dummy or bridge, with IFLA_LINK_NETNSID 0 as where it goes."""
    kind = struct.pack("=HH", 10, 1) + b"bridge\0\0"
    attributes = struct.pack("=HH", 8, 3) + b"evil" + struct.pack("=HHi", 8, 46, 0) + struct.pack("=HH", 16, 18) + kind
    return netlink(16, 0x605, struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attributes)


@attempt("the kernel's record of what everybody does: audit", SPACE, "EPERM", "ECONNREFUSED", "EPROTONOSUPPORT")
def audit() -> object:
    return netlink(1000, 5, b"", protocol=9)


def netlink(kind: int, flags: int, body: bytes, protocol: int = 0) -> str:
    with socket.socket(16, socket.SOCK_RAW, protocol) as link:
        link.settimeout(3)
        link.bind((0, 0))
        link.send(struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body)
        answer = link.recv(65536)
        code = struct.unpack("=H", answer[4:6])[0]
        if code in (2, 3) and (number := -struct.unpack("=i", answer[16:20])[0]):  # an error, or the end of a list with one
            raise OSError(number, os.strerror(number))
        return f"{len(answer)} bytes of type {code}"


# --- control groups ---


def own_groups() -> Iterator[str]:
    """The topmost directory of the sandbox in every hierarchy."""
    if os.path.exists(f"{CGROUPS}/cgroup.controllers"):
        yield CGROUPS
    else:
        yield from (path for path in glob.glob(f"{CGROUPS}/*") if os.path.isdir(path) and not os.path.islink(path))


LIMITS = {
    "the limit of memory": (
        "memory.limit_in_bytes",
        "memory.max",
        "memory.high",
        "memory.swap.max",
        "memory.memsw.limit_in_bytes",
    ),
    "the limit of processes": ("pids.max",),
    "the limit of processor time": ("cpu.cfs_quota_us", "cpu.max", "cpu.shares", "cpu.weight", "cpu.rt_runtime_us"),
    "the choice of processors": ("cpuset.cpus", "cpuset.mems"),
    "the list of devices: devices.allow": ("devices.allow",),
    "a program of the node's at the end: release_agent": ("release_agent", "notify_on_release"),
    "the freezer of the whole host": ("freezer.state", "cgroup.freeze"),
    "the limit of groups below it": ("cgroup.max.depth", "cgroup.max.descendants"),
    "the end of the whole host": ("cgroup.kill",),
}


def written(names: tuple[str, ...]) -> Callable[[], object]:
    """None of these files of the host's own topmost group may be opened for writing, however they are mounted."""

    def act() -> object:
        check(LIBC.unshare(NEW_MOUNTS))
        tried = 0
        for group in own_groups():
            LIBC.mount(None, group.encode(), None, ctypes.c_ulong(REMOUNT | BIND), None)
            for name in names:
                path = f"{group}/{name}"
                if not os.path.exists(path):
                    continue
                tried += 1
                try:
                    os.close(os.open(path, os.O_WRONLY))
                except OSError as error:
                    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                        continue
                    raise
                return path
        raise Refused(f"{tried} files, all refused" if tried else "there is no such file at the top of the sandbox")

    return lambda: in_child(act)


for _name, _files in LIMITS.items():
    add(f"write of the host's own group: {_name}", "files that belong to the node's root", ("EPERM",), written(_files))


@attempt("the groups above the host's, by a hierarchy mounted anew", "cgroup namespace", "EPERM", "EBUSY", "EINVAL", "ENODEV")
def groups_above() -> object:
    def act() -> object:
        check(LIBC.unshare(NEW_MOUNTS | NEW_CGROUP))
        kind = b"cgroup2" if os.path.exists(f"{CGROUPS}/cgroup.controllers") else b"cgroup"
        check(LIBC.mount(b"none", b"/mnt", kind, ctypes.c_ulong(0), None if kind == b"cgroup2" else b"memory"))
        at = os.stat("/mnt")
        return f"a group of user id {at.st_uid}: {sorted(os.listdir('/mnt'))[:4]}" if at.st_uid else only_ours("/mnt")

    return in_child(act)


def only_ours(path: str) -> object:
    """A hierarchy that begins at one's own group is no way out."""
    raise Refused(f"{path} begins at the sandbox's own group, which {sorted(os.listdir(path))[0]} is in")


# --- settings ---

OWN = {
    "/proc/sys/net/": "of a network namespace",
    "/proc/sys/fs/mqueue/": "of an IPC namespace",
    "/proc/sys/kernel/auto_msgmni": "of an IPC namespace",
    "/proc/sys/kernel/msg": "of an IPC namespace",
    "/proc/sys/kernel/sem": "of an IPC namespace",
    "/proc/sys/kernel/shm": "of an IPC namespace",
    "/proc/sys/kernel/ns_last_pid": "of a PID namespace",
    "/proc/sys/kernel/pid_max": "of a PID namespace",
    "/proc/pressure/": "a reader's own watch; nothing is set",
    "/sys/class/net/": "of an interface of the own network namespace",
    "/sys/devices/virtual/net/": "of an interface of the own network namespace",
}


def settings() -> Iterator[str]:
    """Every file of the kernel's that is no process's own."""
    for top in ("/proc", "/sys"):
        for folder, folders, names in os.walk(top):
            if folder == "/proc":
                folders[:] = [name for name in folders if not name.isdigit()]
            if folder == CGROUPS:
                folders.clear()
            yield from (os.path.join(folder, name) for name in names)


def writable(path: str) -> bool:
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


@attempt("every setting of the kernel in /proc and /sys, opened for writing", SPACE)
def every_setting() -> object:
    def act() -> object:
        check(LIBC.unshare(NEW_MOUNTS))
        LIBC.mount(None, b"/sys", None, ctypes.c_ulong(REMOUNT | BIND), None)
        seen = own = 0
        for path in settings():
            seen += 1
            if writable(path):
                if not path.startswith(tuple(OWN)):
                    return path
                own += 1
        raise Refused(f"{seen} files, {own} of them of own namespaces, no other can be written")

    return in_child(act)


READ = {
    "the kernel's log": "/proc/kmsg",
    "memory of the machine": "/proc/kcore",
    "slabs of the kernel": "/proc/slabinfo",
    "pages of the machine": "/proc/kpagecount",
    "groups of pages": "/proc/kpageflags",
    "secrets of the kernel: the key of its random stable addresses": "/proc/sys/net/ipv6/conf/all/stable_secret",
}


def read(path: str) -> Callable[[], object]:
    def act() -> object:
        with open(path, "rb", buffering=0) as file:
            return f"{len(file.read(16) or b'')} bytes"

    return act


for _name, _path in READ.items():
    add(f"read of {_name}", SPACE, ("EPERM", "EACCES", "ENOENT", "EIO"), read(_path))


@attempt("addresses of the kernel's functions: /proc/kallsyms", "kernel.kptr_restrict and CAP_SYSLOG")
def kallsyms() -> object:
    with open("/proc/kallsyms") as lines:
        first = [line.split()[0] for line, _ in zip(lines, range(50), strict=False)]
    if any(int(word, 16) for word in first):
        return first[0]
    raise Refused("all of them 0")


@attempt("a program of the node's for core dumps: core_pattern", SPACE, "EACCES", "EPERM", "EROFS")
def core_pattern() -> object:
    return os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY)


@attempt("a program of the node's for modules: /proc/sys/kernel/modprobe", SPACE, "EACCES", "EPERM", "ENOENT", "EROFS")
def modprobe() -> object:
    return os.open("/proc/sys/kernel/modprobe", os.O_WRONLY)


@attempt("the kernel's emergency keys: sysrq-trigger", SPACE, "EACCES", "EPERM", "ENOENT", "EROFS")
def sysrq() -> object:
    return os.open("/proc/sysrq-trigger", os.O_WRONLY)


@attempt("real-time priority", "no CAP_SYS_NICE", "EPERM")
def real_time() -> object:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    return "SCHED_FIFO"


@attempt("a lower score at the end of memory: oom_score_adj", "no CAP_SYS_RESOURCE", "EACCES", "EPERM")
def out_of_memory() -> object:
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")
    return "-1000"


@attempt("more open files than the host may have", "no CAP_SYS_RESOURCE", "EPERM")
def open_files() -> object:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard + 1, hard + 1))
    except ValueError as error:
        raise Refused(str(error)) from None
    return hard + 1


@attempt("a core dump that the node's own program takes", "user namespace", "EACCES", "EPERM", "EROFS")
def core_pipe_limit() -> object:
    return os.open("/proc/sys/kernel/core_pipe_limit", os.O_WRONLY)


@attempt("the machine's name, as the node has it", "UTS namespace")
def node_name() -> object:
    """A host may change its name; it is in a UTS namespace of its own, whose owner it is."""
    owner = fcntl.ioctl(os.open("/proc/self/ns/uts", os.O_RDONLY), GET_OWNER)
    if os.fstat(owner).st_ino == os.stat("/proc/self/ns/user").st_ino:
        raise Refused("the name is the sandbox's own")
    return "the UTS namespace is the node's"


@attempt("shared memory, queues and semaphores of the node", "IPC namespace")
def node_memory() -> object:
    owner = fcntl.ioctl(os.open("/proc/self/ns/ipc", os.O_RDONLY), GET_OWNER)
    if os.fstat(owner).st_ino == os.stat("/proc/self/ns/user").st_ino:
        raise Refused("the IPC namespace is the sandbox's own")
    return "the IPC namespace is the node's"


@attempt("ptrace of a process outside, by its number", "pid namespace", "ESRCH", "EPERM")
def ptrace() -> object:
    """A number that is beyond all numbers of this namespace."""
    with open("/proc/sys/kernel/pid_max") as file:
        return call("ptrace", 16, int(file.read()) - 1, None, None)
