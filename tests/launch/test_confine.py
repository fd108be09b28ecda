"""What the web process cannot do, tried from inside."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.launch.confine import WAYS, Plan, closed_doors, works
from tests.attacks import attack

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
TOP = Path(__file__).parents[2]


@pytest.fixture
def place() -> Iterator[Path]:
    """A checkout, a state directory and an engine's socket that anybody might connect to if only they reached it."""
    with tempfile.TemporaryDirectory(dir="/run") as name:
        here = Path(name)  # mode 700: a closed door
        for part in ("state", "engine"):
            (here / part).mkdir()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(here / "engine" / "docker.sock"))
        (here / "engine" / "docker.sock").chmod(0o777)
        listener.listen()
        yield here
        listener.close()


def owned(way, place: Path) -> str:
    os.chown(place / "state", *((64100, 64100) if way == "own-uid" else (0, 0)))
    return str(place / "state")


def plan(way, place: Path) -> Plan:
    reach = (str(TOP), sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent))
    return Plan(way, 64100, tuple(sorted(reach)), (owned(way, place),), (str(place / "engine"),))


def inside(way, place: Path, code: str) -> str:
    argv = plan(way, place).argv(sys.executable, "-c", code)
    done = subprocess.run(argv, cwd=TOP, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


ATTEMPT = "\ntry:\n {}\n print('it did')\nexcept OSError as error: print(type(error).__name__)"


@pytest.mark.parametrize("way", WAYS)
class TestBothWays:
    def test_they_work_here(self, way, place):
        assert works(plan(way, place))

    def test_our_code_can_be_read_and_state_written(self, way, place):
        code = f"import django, explorer.settings; open({str(place / 'state' / 'x')!r}, 'w').write('1'); print('fine')"
        assert inside(way, place, code) == "fine"

    @attack(
        "the engine's socket, by way {way}",
        origin="web process",
        expected="refused",
        held_by="no privileges, own mounts, no capabilities",
    )
    def test_the_engine_cannot_be_reached(self, way, place):
        code = "import socket" + ATTEMPT.format(f"socket.socket(1).connect({str(place / 'engine' / 'docker.sock')!r})")
        assert inside(way, place, code) in {"FileNotFoundError", "PermissionError"}

    @attack(
        "a capability, by way {way}",
        origin="web process",
        expected="refused",
        held_by="no privileges, own mounts, no capabilities",
    )
    def test_no_capability_is_left_nor_can_be_gained(self, way, place):
        status = inside(way, place, "print(open('/proc/self/status').read())")
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert {int(facts[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb")} == {0}
        assert facts["NoNewPrivs"] == "1"
        assert facts["Groups"].strip() == ""

    @attack(
        "{path}, written, by way {way}",
        origin="web process",
        expected="refused",
        held_by="no privileges, own mounts, no capabilities",
    )
    @pytest.mark.parametrize("path", ["/etc/passwd", "/usr/bin/env", f"{TOP}/manage.py"])
    def test_nothing_else_can_be_written(self, way, place, path):
        assert inside(way, place, ATTEMPT.format(f"open({path!r}, 'a')")) in {"PermissionError", "OSError"}

    @attack(
        "what was mounted over, uncovered, by way {way}",
        origin="web process",
        expected="refused",
        held_by="no privileges, own mounts, no capabilities",
    )
    def test_what_was_covered_stays_covered(self, way, place):
        code = "import ctypes, os; libc = ctypes.CDLL(None); print(libc.umount2({!r}.encode(), 2), libc.unshare(0x20000))"
        assert inside(way, place, code.format(str(place / "engine"))) == "-1 -1"

    @attack(
        "memory of the node's processes, by way {way}",
        origin="web process",
        expected="refused",
        held_by="no privileges, own mounts, no capabilities",
    )
    def test_processes_of_the_node_cannot_be_looked_into(self, way, place):
        code = ATTEMPT.format(f"open('/proc/{os.getpid()}/mem', 'rb')")
        assert inside(way, place, code) == "PermissionError"


def test_a_closed_checkout_needs_the_second_way(place):
    (place / "code").mkdir()
    (place / "code" / "secret.py").touch(mode=0o600)
    ways = {}
    for way in WAYS:
        ways[way] = works(Plan(way, 64100, (str(place / "code"),), (owned(way, place),), ()))
    assert ways == {"own-uid": False, "bare-root": True}


def test_doors_are_the_topmost_closed_directories(tmp_path: Path):
    tmp_path.chmod(0o700)
    (tmp_path / "a").mkdir(mode=0o700)
    behind = tmp_path / "a" / "b"
    behind.mkdir()
    (door, found), *_ = closed_doors((str(behind),)).items()
    assert behind in found
    assert door in behind.parents
    assert closed_doors(("/usr/bin",)) == {}
