"""What plain tools see of a packet: `tcpdump` in every namespace, `iptables-save -c` and the kernel's counters before and
after."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from explorer.lab.inside.netns import inside
from tests.engine.broken.world import World

LINE = re.compile(r"^(\d+\.\d+) (\S+) +(In|Out|P|M|B) +(IP|ARP),? (.*)$")
FLOW = re.compile(r"^(\d+\.\d+\.\d+\.\d+)(?:\.(\d+))? > (\d+\.\d+\.\d+\.\d+)(?:\.(\d+))?: (.*)$")
RULE = re.compile(r"^\[(\d+):\d+\] (-A (\S+) .*)$")
POLICY = re.compile(r"^:(\S+) (ACCEPT|DROP) \[(\d+):\d+\]$")
ASKS = b"\0\1\x08\0\6\4\0\1"  # an ARP request
COUNTED = "cat /proc/net/snmp /proc/net/netstat; echo '#rules'; iptables-save -c 2>/dev/null; echo '#end'"


@dataclass(frozen=True)
class Line:
    """A line of tcpdump. `way` is In, Out, or P for a frame that is for another MAC address."""

    at: float
    place: str
    device: str
    way: str
    source: str
    source_port: int
    destination: str
    destination_port: int
    text: str  # behind the addresses; the whole for ARP


@dataclass(frozen=True)
class Stop:
    """A rule or policy that drops or rejects, and that counted a packet. `number` is 0 for a policy."""

    place: str
    table: str
    chain: str
    number: int
    spec: str
    rejects: bool


@dataclass
class Told:
    lines: list[Line]
    stops: list[Stop]
    counters: dict[str, dict[str, int]]  # place → counter → by how much it rose
    rewrites: dict[str, list[str]]  # place → targets of rules that rewrite or mark, and counted a packet
    began: float = 0.0


class Witness:
    def __init__(self, world: World, directory: Path) -> None:
        self.world, self.directory = world, directory
        self._dumps = {}
        self._read = dict.fromkeys(world.where, 0)
        for place, pid in world.where.items():
            argv = [
                "nsenter",
                f"--net=/proc/{pid}/ns/net",
                "tcpdump",
                "-i",
                "any",
                "-nn",
                "-S",
                "-s",
                "256",
                "-tt",
                "-l",
                "--immediate-mode",
            ]
            with self._file(place).open("wb") as file:
                self._dumps[place] = subprocess.Popen([*argv, "icmp or tcp or udp port 5000 or arp"], stdout=file, stderr=file)
        until = time.monotonic() + 10
        while not all("listening on" in self._file(place).read_text() for place in world.where):
            assert time.monotonic() < until, "tcpdump does not listen"
            time.sleep(0.05)
        self._before: dict[str, str] = {}
        self._began = 0.0
        self._marks = 0
        self._markers = {place: _marker(pid) for place, pid in world.where.items()}

    def _file(self, place: str) -> Path:
        return self.directory / f"{place.replace('/', '-')}.txt"

    def close(self) -> None:
        for marker in self._markers.values():
            marker.close()
        for one in self._dumps.values():
            one.terminate()
            one.wait(10)

    def begin(self) -> None:
        for place in self.world.where:
            self._read[place] = self._file(place).stat().st_size
        self._before = {place: self.world.run(place, COUNTED, check=False) for place in self.world.where}
        self._began = time.time()

    def end(self) -> Told:
        self._all_written()
        lines = sorted((line for place in self.world.where for line in self._lines(place)), key=lambda one: one.at)
        told = Told(lines, [], {}, {}, self._began)
        for place in self.world.where:
            after = self.world.run(place, COUNTED, check=False)
            before = self._before[place]
            was, now = _counters(before), _counters(after)
            told.counters[place] = {
                name: number - was.get(name, 0) for name, number in now.items() if number > was.get(name, 0)
            }
            counted, rewrites = _counted(place, before, after)
            told.stops += counted
            told.rewrites[place] = rewrites
        return told

    def _all_written(self) -> None:
        """tcpdump writes a moment later, so it is waited for a frame of our own on every loopback."""
        self._marks += 1
        address = bytes((203, 0, 113 + self._marks // 250, self._marks % 250))
        for marker in self._markers.values():
            marker.send(b"\xff" * 6 + bytes(6) + b"\x08\x06" + ASKS + bytes(10) + bytes(6) + address)
        until, wanted = time.monotonic() + 20, f"who-has {'.'.join(map(str, address))} "
        while missing := [place for place in self.world.where if wanted not in self._file(place).read_text(errors="replace")]:
            assert time.monotonic() < until, f"tcpdump says nothing more in {missing}"
            time.sleep(0.03)

    def _lines(self, place: str) -> list[Line]:
        with self._file(place).open("rb") as file:
            file.seek(self._read[place])
            texts = file.read().decode(errors="replace").splitlines()
        found = []
        for text in texts:
            if not (told := LINE.match(text)):
                continue
            at, device, way, kind, rest = told.groups()
            if kind == "ARP" and device == "lo":
                continue
            if kind == "ARP":
                found.append(Line(float(at), place, device, way, "", 0, "", 0, rest))
            elif flow := FLOW.match(rest):
                source, first, destination, second, more = flow.groups()
                found.append(Line(float(at), place, device, way, source, int(first or 0), destination, int(second or 0), more))
        return found


def _marker(pid: int) -> socket.socket:
    """A packet socket on the loopback of that process's network namespace."""
    with Path(f"/proc/{pid}/ns/net").open("rb") as namespace, inside(namespace.fileno()):
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        made.bind(("lo", 0))
    return made


def _counters(text: str) -> dict[str, int]:
    """`/proc/net/snmp` and `/proc/net/netstat`: a line of names, then a line of numbers."""
    found: dict[str, int] = {}
    lines = text.partition("#rules")[0].splitlines()
    for names, numbers in zip(lines[::2], lines[1::2], strict=False):
        group, *words = names.split()
        found |= {f"{group.rstrip(':')}{name}": int(number) for name, number in zip(words, numbers.split()[1:], strict=False)}
    return found


def _rules(text: str) -> dict[tuple[str, str, str], list[int]]:
    """(table, chain, rule) → how often each of the rules with these words counted, in order; then its numbers."""
    found: dict[tuple[str, str, str], list[int]] = {}
    table = ""
    for line in text.partition("#rules")[2].splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif told := POLICY.match(line):
            found.setdefault((table, told[1], f"policy {told[2]}"), []).append(int(told[3]))
        elif told := RULE.match(line):
            found.setdefault((table, told[3], told[2]), []).append(int(told[1]))
    return found


def _counted(place: str, before: str, after: str) -> tuple[list[Stop], list[str]]:
    was, now = _rules(before), _rules(after)
    numbers: dict[tuple[str, str], int] = {}
    stops, rewrites = [], []
    for key, counts in now.items():
        table, chain, spec = key
        for index, count in enumerate(counts):
            if spec.startswith("policy"):
                number = 0
            else:
                number = numbers[table, chain] = numbers.get((table, chain), 0) + 1
            old = was.get(key, [])
            if count <= (old[index] if index < len(old) else 0):
                continue
            target = spec.partition(" -j ")[2].split(" ")[0] if " -j " in spec else spec.rpartition(" ")[2]
            if target in ("DROP", "REJECT"):
                stops.append(Stop(place, table, chain, number, spec, target == "REJECT"))
            elif target in ("DNAT", "MARK"):
                rewrites.append(spec.partition(" -j ")[2])
    return stops, rewrites
