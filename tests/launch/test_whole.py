"""The real thing, in an installation of its own: up, seen, stopped, and nothing left of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.database.planted import journal_about
from tests.launch.conftest import alive

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]
TOP = Path(__file__).parents[2]
INSTALL = f"{settings.INSTALL}-whole"
WEB = 64100


class Whole:
    def __init__(self, place: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as any_port:
            self.port = any_port.getsockname()[1]
        places = {"EXPLORER_INSTALL": INSTALL, "EXPLORER_STATE": str(place / "var"), "PORT": str(self.port)}
        self.environment = {**os.environ, **places, "EXPLORER_WARM": "0"}
        for name in ("EXPLORER_RUN", "EXPLORER_ENGINE_DIR", "REDIS_URL", "DATABASE_URL"):
            self.environment.pop(name, None)
        self.log = place / "up.log"
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as out:
            argv = [sys.executable, "manage.py", "up"]
            return subprocess.Popen(argv, cwd=TOP, env=self.environment, stdout=out, stderr=out)

    def said(self) -> str:
        return self.log.read_text()

    def await_page(self) -> None:
        until = time.monotonic() + 500
        while f"http://localhost:{self.port}/\n" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.2)

    def part(self, sign: str) -> int:
        """The process of ours with that word among its arguments."""
        for pid, words in processes():
            parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == self.process.pid and any(sign in word for word in words):
                return pid
        raise AssertionError(f"no {sign}:\n{self.said()}")


def processes() -> Iterator[tuple[int, list[str]]]:
    for entry in os.listdir("/proc"):
        if entry.isdecimal() and int(entry) != os.getpid():
            try:
                yield int(entry), Path("/proc", entry, "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue


def left_behind() -> list[str]:
    """Processes, mounts, namespaces, control groups and files that carry this installation's name."""
    sign = f"docker-network-explorer/{INSTALL}"
    found = [f"process {pid} {words[0]}" for pid, words in processes() if any(sign in word for word in words)]
    found += [
        line for line in Path("/proc/self/mountinfo").read_text().splitlines() if sign in line or f"explorer-{INSTALL}" in line
    ]
    found += [str(path) for path in (Path("/run/netns", f"explorer-{INSTALL}"), Path("/run", sign)) if path.exists()]
    groups = Path("/sys/fs/cgroup")
    found += [str(path) for base in (groups, *groups.iterdir()) for path in base.glob(f"explorer-{INSTALL}*")]
    return found


@pytest.fixture
def whole(passable_path: Path) -> Iterator[Whole]:
    assert not left_behind()
    one = Whole(passable_path)
    yield one
    if one.process.poll() is None:
        one.process.send_signal(signal.SIGINT)
        one.process.wait(120)


def test_up_seen_and_gone(whole: Whole):
    whole.await_page()
    with urllib.request.urlopen(f"http://127.0.0.1:{whole.port}/", timeout=10) as answer:
        assert answer.status == 200

    again = subprocess.run(
        [sys.executable, "manage.py", "up"], cwd=TOP, env={**whole.environment, "PORT": "8198"}, capture_output=True, text=True
    )
    assert again.returncode == 1
    assert "running already" in again.stderr

    web = Path(f"/proc/{whole.part('uvicorn')}/status").read_text()
    assert "CapEff:\t0000000000000000" in web

    whole.process.send_signal(signal.SIGINT)
    assert whole.process.wait(120) == 0, whole.said()
    assert [line[2:].split()[0] for line in whole.said().splitlines() if line.startswith("■")] == [
        "web",
        "relay",
        "worker",
        "engine",
        "valkey",
    ]
    assert left_behind() == []


# --- the wall between web and node ---


def replaceable(*tops: Path) -> list[Path]:
    """What the web's user may write or replace below these: what it owns, and what is writable for it."""
    found = []
    for path in (one for top in tops for one in (top, *sorted(top.rglob("*")))):
        seen = path.lstat()
        if path.is_symlink():
            continue
        if seen.st_uid == WEB or seen.st_mode & 0o002 or (seen.st_gid == WEB and seen.st_mode & 0o020):
            found.append(path)
    return found


def opened_by_root() -> list[tuple[str, str]]:
    """(process, path) of every descriptor of root's processes of this installation."""
    found = []
    for pid, words in processes():
        place = Path("/proc", str(pid))
        try:
            ours = f"EXPLORER_INSTALL={INSTALL}\0".encode() in (place / "environ").read_bytes()
            if ours and place.stat().st_uid == 0 and f"\nUid:\t{WEB}\t" not in (place / "status").read_text():
                found += [(" ".join(words), os.readlink(one)) for one in (place / "fd").iterdir()]
        except OSError:
            continue
    return found


def test_root_opens_nothing_of_webs_but_the_database_as_its_owner(whole: Whole):
    """What web may replace is its database and nothing else. Root's processes have no other file of it open, and the database
    only with its owner's rights: when it is closed to its owner, it is closed to root's worker and commands too."""
    whole.await_page()
    state, run = Path(whole.environment["EXPLORER_STATE"]), Path("/run/docker-network-explorer", INSTALL)
    home = state / "database"
    own = run / "valkey" / "own"
    socket_names = {own / "socket", run / "valkey" / "socket"}  # of one socket; root uses the name in root's directory
    assert set(replaceable(state, run)) == {home, *home.iterdir(), own, *socket_names}
    assert (run / "valkey").stat().st_uid == 0

    opened = opened_by_root()
    assert any("celery" in words for words, _ in opened), "root's processes are seen"
    assert any(path.startswith(str(home)) for _, path in opened), "and that they have the database open"
    assert [one for one in opened if str(own) in one[1]] == []

    vault = state.parent / "vault"
    vault.mkdir(mode=0o700)
    (vault / "kept").write_text("of root")
    (home / "db.sqlite3").rename(home / "real")
    (home / "db.sqlite3").symlink_to(vault / "made")
    time.sleep(3)  # the relay looks every second
    listed = manage(whole, "sandbox", "list")
    assert listed.returncode != 0
    assert "unable to open database file" in listed.stderr
    assert [path.name for path in vault.iterdir()] == ["kept"]

    (home / "db.sqlite3").unlink()
    shutil.copyfile(home / "real", home / "db.sqlite3")
    (home / "db.sqlite3-journal").write_bytes(journal_about(vault / "kept"))
    for one in (home / "db.sqlite3", home / "db.sqlite3-journal"):
        os.chown(one, WEB, WEB)
    time.sleep(3)
    manage(whole, "sandbox", "list")
    assert (vault / "kept").read_text() == "of root"

    whole.process.send_signal(signal.SIGINT)
    assert whole.process.wait(120) == 0, whole.said()
    assert {path.lstat().st_uid for path in home.iterdir()} - {WEB} == set()
    assert left_behind() == []


def manage(whole: Whole, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "manage.py", *words]
    return subprocess.run(argv, cwd=TOP, env=whole.environment, capture_output=True, text=True, timeout=60)


def test_each_part_that_is_killed_is_started_again(whole: Whole):
    whole.await_page()
    for name, sign in (
        ("web", "uvicorn"),
        ("valkey", "valkey"),
        ("worker", "celery"),
        ("relay", "relay"),
        ("engine", "engine"),
    ):
        os.kill(whole.part(sign), signal.SIGKILL)
        until = time.monotonic() + 120
        while f"{name} is back" not in whole.said():
            assert whole.process.poll() is None, whole.said()
            assert time.monotonic() < until, whole.said()
            time.sleep(0.1)
    with urllib.request.urlopen(f"http://127.0.0.1:{whole.port}/", timeout=10) as answer:
        assert answer.status == 200
    seen_by_web = Path(f"/proc/{whole.part('uvicorn')}/root/run/docker-network-explorer/{INSTALL}/engine")
    assert list(seen_by_web.iterdir()) == [], "web, which was started before the engine, sees the new engine's directory"
    whole.process.send_signal(signal.SIGINT)
    assert whole.process.wait(120) == 0, whole.said()
    assert left_behind() == []


def test_after_a_kill_of_the_supervisor_the_parts_end_and_the_next_start_is_clean(whole: Whole):
    whole.await_page()
    parts = [whole.part(sign) for sign in ("uvicorn", "valkey", "celery", "engine", "relay")]
    whole.process.kill()
    whole.process.wait()
    until = time.monotonic() + 60
    while any(map(alive, parts)) and time.monotonic() < until:
        time.sleep(0.2)
    assert not any(map(alive, parts))

    whole.process = whole.start()
    whole.await_page()
    whole.process.send_signal(signal.SIGINT)
    assert whole.process.wait(120) == 0
    assert left_behind() == []
