"""A script on an engine that behaves, and on those that do not: there is always an answer, and always an end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from explorer.lab.ask import script
from explorer.lab.ask.script import end_marked, run_script
from explorer.lab.errors import HostError
from explorer.lab.inside.places import ControlGroup
from tests.lab.fakes import EngineOfOneExec, daemon, frame, hangs_up, silent


async def says_ok(reader, writer):
    writer.write(frame(b"all\x1b[31m fine\n"))


async def hangs(reader, writer):
    await asyncio.sleep(60)


async def floods(reader, writer):
    while not writer.is_closing():
        writer.write(frame(b"y\n" * 1000))
        await writer.drain()


@pytest.fixture
def ended(monkeypatch):
    """The marks whose processes were killed."""
    marks: list[str] = []

    async def find(*_):
        return SimpleNamespace(pid=1, group=None)

    monkeypatch.setattr(script, "find_group", find)
    monkeypatch.setattr(script, "end_marked", lambda group, mark: marks.append(mark))
    return marks


async def run(tmp_path, behave, seconds=0.5):
    async with daemon(tmp_path, behave) as connect:
        return await run_script(connect, "c1", "h1", "exit 0\n", seconds)


async def test_the_status_and_the_first_words_come_back(tmp_path, ended):
    engine = EngineOfOneExec(says_ok, 3)
    result = await run(tmp_path, engine)
    assert (result.status, result.error, result.said) == (3, "", "all [31m fine")
    assert engine.wanted["Cmd"][-4:] == ["bash", "-c", "exit 0\n", "check"]
    assert engine.wanted["Cmd"][:2] == ["python3", "-I"], "below a keeper"
    assert engine.wanted["Env"] == ["HOME=/root", "TERM=dumb", *ended]


async def test_one_that_hangs_is_ended(tmp_path, ended):
    result = await run(tmp_path, EngineOfOneExec(hangs, None))
    assert (result.status, result.error) == (None, "It did not end within 0.5 s and was ended.")
    assert len(ended) == 1


async def test_one_that_left_something_with_its_output_open_has_ended(tmp_path, ended):
    assert (await run(tmp_path, EngineOfOneExec(hangs, 0))).status == 0
    assert len(ended) == 1


async def test_one_that_floods_is_ended_at_once(tmp_path, ended):
    result = await run(tmp_path, EngineOfOneExec(floods, None), seconds=30)
    assert (result.status, result.error) == (None, "It wrote more than 16 KiB and was ended.")
    assert len(ended) == 1


@pytest.mark.parametrize("behave", [hangs_up, silent])
async def test_an_engine_that_does_not_answer_is_said(tmp_path, ended, behave, monkeypatch):
    result = await run(tmp_path, behave)
    assert result.status is None
    assert result.error
    assert len(ended) == 1


async def test_a_host_that_is_not_running_is_said(tmp_path, monkeypatch):
    async def gone(*_):
        raise HostError("h1 is not running.")

    monkeypatch.setattr(script, "find_group", gone)
    assert (await run(tmp_path, silent)).error == "It could not be run: h1 is not running."


class Processes(ControlGroup):
    """A control group of these processes."""

    def __init__(self, *pids):
        self.pids = pids

    def processes(self):
        return ((pid, "") for pid in self.pids)

    def belongs(self, pid):
        return pid in self.pids


def test_only_what_carries_the_mark_is_killed():
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    ours = subprocess.Popen(sleep, env={**os.environ, "EXPLORER_SCRIPT": "one"}, start_new_session=True)
    other = subprocess.Popen(sleep, env={**os.environ, "EXPLORER_SCRIPT": "two"})
    try:
        time.sleep(0.2)
        end_marked(Processes(ours.pid, other.pid), "EXPLORER_SCRIPT=one")
        assert ours.wait(5) == -9
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


HIDES = "env -u EXPLORER_SCRIPT setsid sh -c 'sleep 71; true' & echo $!; "


def keep(text):
    """A script below its keeper, as it is started in a host."""
    argv = [sys.executable, "-I", "-S", "-c", script.KEEPER, "bash", "-c", text, "check"]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, "EXPLORER_SCRIPT": "one"}, text=True)


def descendants(pid):
    parents = {int(name): script.parent(int(name)) for name in os.listdir("/proc") if name.isdecimal()}
    return script.family(parents, {pid})


@pytest.mark.parametrize(("ending", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_what_a_script_left_in_a_session_of_its_own_ends_with_it(ending, status):
    keeper = keep(f"{HIDES} sleep 0.2; {ending}")
    left = int(keeper.stdout.readline())
    assert keeper.wait(10) == status
    assert not os.path.exists(f"/proc/{left}")


def test_what_hides_is_killed_when_the_time_is_over():
    keeper = keep(f"{HIDES} sleep 60")
    left = int(keeper.stdout.readline())
    time.sleep(0.3)
    end_marked(Processes(*descendants(keeper.pid)), "EXPLORER_SCRIPT=one")
    keeper.wait(5)
    assert not os.path.exists(f"/proc/{left}")


def test_a_family_is_everybody_below():
    assert script.family({2: 1, 3: 2, 4: 3, 9: 1, 8: 9}, {2}) == {2, 3, 4}
    assert script.family({2: 3, 3: 2}, {2}) == {2, 3}, "also in a circle"
