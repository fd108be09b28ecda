"""What the engine needs of the machine before it starts: directories, id range, network namespace, kernel limits."""

from __future__ import annotations

import pwd
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError

LAN_NETWORK = "10.77.0.0/16"
REMAP_USER = "dockremap"
FIRST_ID, ID_COUNT = 200_000, 65_536

# Where all hosts of a node share one id range, the kernel counts per user for all of them together. The kernel also
# counts terminals and neighbours for the whole machine. These limits are higher than what one host (`quota`) can use.
LIMITS = {
    "fs/file-max": 67_108_864,
    "fs/inotify/max_user_instances": 131_072,
    "fs/inotify/max_user_watches": 524_288,
    "kernel/keys/maxkeys": 20_000,
    "kernel/keys/maxbytes": 2_000_000,
    "kernel/pid_max": 4_194_304,
    "kernel/threads-max": 524_288,
    "kernel/pty/max": 1_048_576,
    "net/ipv4/neigh/default/gc_thresh1": 16_384,
    "net/ipv4/neigh/default/gc_thresh2": 524_288,
    "net/ipv4/neigh/default/gc_thresh3": 1_048_576,
    "net/ipv6/neigh/default/gc_thresh1": 16_384,
    "net/ipv6/neigh/default/gc_thresh2": 524_288,
    "net/ipv6/neigh/default/gc_thresh3": 1_048_576,
    "vm/max_map_count": 262_144,
}

# The kernel applies this limit to each network namespace and charges nobody: times `max_net_namespaces` of one host, this is
# 660 MB. It is lowered for the whole machine, because no namespace has a value of its own.
AT_MOST = {"net/netfilter/nf_conntrack_max": 16_384}

# In the engine's namespace: no routing, no IPv6, no ear for routers, no answer to ARP for another LAN, and no rules for bridged
# frames.
# The script prints "bridged" when the last one fails.
_SWITCHES = """
cd /proc/sys/net
for file in ipv4/ip_forward ipv6/conf/all/forwarding bridge/bridge-nf-call-iptables bridge/bridge-nf-call-ip6tables \\
  bridge/bridge-nf-call-arptables; do [ ! -e $file ] || echo 0 >$file; done
for file in ipv4/conf/all/arp_ignore ipv4/conf/default/arp_ignore; do [ ! -e $file ] || echo 1 >$file; done
for file in ipv6/conf/all/accept_ra ipv6/conf/default/accept_ra; do [ ! -e $file ] || echo 0 >$file; done
for file in ipv6/conf/all/disable_ipv6 ipv6/conf/default/disable_ipv6; do [ ! -e $file ] || echo 1 >$file; done
[ ! -e bridge/bridge-nf-call-iptables ] || [ "$(cat bridge/bridge-nf-call-iptables)" = 0 ] || echo bridged
"""


def prepare(config: LabConfig) -> None:
    ensure_id_range()
    for directory in (config.engine_dir, config.engine_dir / "tmp", config.engine_dir / "expires", config.socket.parent):
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o711)
    if blocked := impassable(config.engine_dir):
        raise NodeError(
            f"The engine's data cannot lie below {blocked}: other users may not pass through it.",
            f"chmod o+x {blocked}, or set EXPLORER_ENGINE_DIR to another place",
        )
    raise_limits()
    lower_limits()
    make_namespace(config)


def impassable(directory: Path) -> Path | None:
    """The first directory on the way to `directory` that the remapped root cannot pass, or None."""
    for part in reversed((directory, *directory.parents)):
        if part.exists() and not part.stat().st_mode & 0o001:
            return part
    return None


def ensure_id_range() -> None:
    try:
        pwd.getpwnam(REMAP_USER)
    except KeyError:
        _run("useradd", "--system", "--no-create-home", "--shell", shutil.which("nologin") or "/bin/false", REMAP_USER)
    for name in ("/etc/subuid", "/etc/subgid"):
        file = Path(name)
        text = file.read_text() if file.exists() else ""
        if not any(line.startswith(f"{REMAP_USER}:") for line in text.splitlines()):
            with file.open("a") as handle:
                handle.write(
                    f"{'' if not text or text.endswith(chr(10)) else chr(10)}{REMAP_USER}:{free_range(text)}:{ID_COUNT}\n"
                )


def free_range(text: str) -> int:
    """The first id, at FIRST_ID or higher, that begins ID_COUNT ids which no line of a subuid file uses."""
    taken = []
    for line in text.splitlines():
        words = line.split(":")
        if len(words) == 3 and words[1].isdecimal() and words[2].isdecimal():
            taken.append((int(words[1]), int(words[1]) + int(words[2])))
    first = FIRST_ID
    for begin, end in sorted(taken):
        if begin < first + ID_COUNT and first < end:
            first = end
    return first


def remapped_root() -> tuple[int, int]:
    """(uid, gid) on the node of root in Docker's range. Raises NodeError when a file has no range."""
    return _first_id("/etc/subuid"), _first_id("/etc/subgid")


def _first_id(name: str) -> int:
    try:
        for line in Path(name).read_text().splitlines():
            words = line.split(":")
            if words[0] == REMAP_USER:
                return int(words[1])
    except (OSError, ValueError, IndexError) as error:
        raise NodeError(f"{name} has no usable range for {REMAP_USER}.", str(error)) from error
    raise NodeError(f"{name} has no range for {REMAP_USER}.", f"add the line {REMAP_USER}:{FIRST_ID}:{ID_COUNT}")


def raise_limits() -> None:
    for name, wanted in LIMITS.items():
        file = Path("/proc/sys", name)
        with suppress(OSError, ValueError):  # read-only in a container: labdoctor says so
            if int(file.read_text()) < wanted:
                file.write_text(str(wanted))


def lower_limits() -> None:
    with suppress(OSError):  # no modprobe here
        subprocess.run(["modprobe", "-q", "nf_conntrack"], check=False, capture_output=True)  # the file is there after it
    for name, most in AT_MOST.items():
        file = Path("/proc/sys", name)
        with suppress(OSError, ValueError):
            if int(file.read_text()) > most:
                file.write_text(str(most))


def make_namespace(config: LabConfig) -> None:
    _run("ip", "netns", "add", config.netns)
    _run("ip", "-n", config.netns, "link", "set", "lo", "up")


def fence(config: LabConfig) -> None:
    """Isolates the LANs: a member of a LAN can reach its neighbours, but not this namespace and not another LAN."""
    inside = ("nsenter", f"--net=/run/netns/{config.netns}")
    switched = subprocess.run([*inside, "sh", "-c", _SWITCHES], check=False, capture_output=True, text=True).stdout
    _run(*inside, "iptables", "-w", "-I", "INPUT", "1", "!", "-i", "lo", "-j", "DROP")
    if "bridged" not in switched:  # otherwise this rule would also drop frames between two members of one LAN
        _run(*inside, "iptables", "-w", "-I", "FORWARD", "1", "-j", "DROP")
    for chain in ("INPUT", "FORWARD"):  # IPv6 is off here; this is for kernels where it cannot be switched off
        subprocess.run(
            [*inside, "ip6tables", "-w", "-I", chain, "1", "!", "-i", "lo", "-j", "DROP"], check=False, capture_output=True
        )


def _run(*argv: str) -> None:
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NodeError(f"{argv[0]} failed on this node.", f"{' '.join(argv)}: {done.stderr.strip()}")
