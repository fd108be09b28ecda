import asyncio
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL, SIGTERM

import pytest

from explorer import priority
from explorer.launch import supervise
from explorer.launch.ready import says
from explorer.launch.state import LaunchError
from explorer.launch.supervise import Chore, Part
from tests.launch.conftest import alive, fake, said


async def run_and_stop(supervisor, steps):
    """Asked to stop as soon as it is up."""
    pids: list[int] = []

    def up():
        pids.extend(one.process.pid for one in supervisor.running)
        supervisor.asked.set()

    return await supervisor.run(steps, up), pids


async def test_parts_start_in_order_and_stop_in_reverse(supervisor):
    status, pids = await run_and_stop(supervisor, [fake("good"), Chore("tidy", lambda: "12 files"), fake("parent")])
    assert status == 0
    marks = re.findall(r"^([✓■✗]) (\w+)", said(supervisor), re.M)
    assert marks == [("✓", "good"), ("✓", "tidy"), ("✓", "parent"), ("■", "parent"), ("■", "good")]
    assert "12 files" in said(supervisor)
    assert not any(map(alive, pids))


@pytest.mark.skipif(os.geteuid() != 0 or not priority.sessions_are_groups(), reason="needs root, and a kernel with autogroups")
async def test_a_part_that_others_wait_for_comes_before_them(supervisor):
    """Each part is a session, and the kernel divides the processor between sessions: niceness alone would do nothing."""
    places = []

    def up():
        places.extend(Path(f"/proc/{one.process.pid}/autogroup").read_text().split()[-1] for one in supervisor.running)
        supervisor.asked.set()

    await supervisor.run([replace(fake("good"), niceness=priority.AHEAD), fake("good")], up)
    assert places == [str(priority.AHEAD), "0"]


async def test_parts_started_together_are_awaited_in_order(supervisor, tmp_path):
    """Two that wait for each other before they are ready: one after the other they would never be."""
    met = "touch {0}; until [ -e {1} ]; do sleep 0.02; done; echo ready; exec sleep 60"
    one, other = tmp_path / "one", tmp_path / "other"
    slow = Part("slow", ("sh", "-c", met.format(one, other)), says("ready"))
    slower = Part("slower", ("sh", "-c", met.format(other, one)), says("ready"))
    status, pids = await run_and_stop(supervisor, [(slow, slower, fake("good"))])
    assert status == 0
    assert re.findall(r"^✓ (\w+)", said(supervisor), re.M) == ["slow", "slower", "good"]
    assert len(pids) == 3


async def test_of_parts_started_together_one_that_dies_ends_all(supervisor):
    assert await supervisor.run([(fake("good"), fake("dies"), fake("good"))], lambda: None) == 1
    assert "dies ended while starting" in said(supervisor)
    assert said(supervisor).count("■ good") == 2


async def test_what_a_part_left_in_its_session_goes_with_it(supervisor):
    await run_and_stop(supervisor, [fake("parent")])
    grandchild = int((supervisor.logs / "parent.log").read_text().split()[0])
    await asyncio.sleep(0.05)
    assert not alive(grandchild)


async def test_a_part_that_ends_while_starting_is_named_with_its_last_words(supervisor):
    status = await supervisor.run([fake("good"), fake("dies")], lambda: None)
    assert status == 1
    assert "dies ended while starting, exit status 3" in said(supervisor)
    assert "│ no such thing" in said(supervisor)
    assert "■ good" in said(supervisor)


async def test_a_part_that_never_gets_ready_is_given_up(supervisor):
    status = await supervisor.run([fake("never", patience=0.2)], lambda: None)
    assert status == 1
    assert "never was not ready after 0 s" in said(supervisor)


async def watched(supervisor, steps, happens):
    """Is up, lets `happens` go on beside it, then asks to stop."""
    running: list[asyncio.Task] = []

    async def meanwhile():
        try:
            await asyncio.wait_for(happens(), 20)
        finally:
            supervisor.asked.set()

    status = await supervisor.run(steps, lambda: running.append(asyncio.create_task(meanwhile())))
    await asyncio.gather(*running)
    return status


async def saying(supervisor, words):
    while words not in said(supervisor):  # noqa: ASYNC110 - the console is a file
        await asyncio.sleep(0.02)


async def test_a_part_that_is_killed_is_started_again_and_the_rest_goes_on(supervisor):
    async def happens():
        good, parent = supervisor.running
        before, untouched = parent.process.pid, good.process.pid
        os.kill(before, SIGKILL)
        await saying(supervisor, "parent is back")
        assert parent.process.pid != before
        assert good.process.pid == untouched
        assert (json.loads((supervisor.run_dir / "parts.json").read_text())["parent"][0]) == parent.process.pid

    assert await watched(supervisor, [fake("good"), fake("parent")], happens) == 0
    assert "• parent ended by itself, killed by SIGKILL; starting it again" in said(supervisor)
    assert re.findall(r"^■ (\w+)", said(supervisor), re.M) == ["parent", "good"]


async def test_what_a_killed_part_left_in_its_session_is_gone_before_it_starts_again(supervisor):
    async def happens():
        log = supervisor.logs / "parent.log"
        grandchild = int(log.read_text().split()[0])
        os.kill(supervisor.running[0].process.pid, SIGKILL)
        await saying(supervisor, "parent is back")
        assert not alive(grandchild)
        assert (supervisor.logs / "parent.before.log").read_text().split()[0] == str(grandchild)

    assert await watched(supervisor, [fake("parent")], happens) == 0


async def test_a_part_that_ends_again_and_again_ends_the_rest(supervisor, monkeypatch):
    monkeypatch.setattr(supervise, "REST", 0.01)
    status = await supervisor.run([fake("good"), fake("brief")], lambda: None)
    assert status == 1
    assert said(supervisor).count("brief is back") == supervise.ENDS_MOST
    assert "brief ended by itself, exit status 4, for the 6th time within a minute" in said(supervisor)
    assert "■ good" in said(supervisor)


async def test_a_part_that_does_not_get_ready_again_is_tried_again(supervisor, monkeypatch, tmp_path):
    """The second start hangs, the third is good."""
    monkeypatch.setattr(supervise, "REST", 0.01)
    counted = f"echo x >> {tmp_path}/starts; [ $(wc -l < {tmp_path}/starts) = 2 ] || echo ready; exec sleep 60"
    moody = Part("moody", ("sh", "-c", counted), says("ready"), patience=0.5)

    async def happens():
        os.kill(supervisor.running[0].process.pid, SIGKILL)
        await saying(supervisor, "moody is back")

    assert await watched(supervisor, [moody], happens) == 0
    assert "moody was not ready after" in said(supervisor)
    assert (tmp_path / "starts").read_text().count("x") == 3


async def test_a_stop_while_a_part_starts_again_starts_nothing_more(supervisor, tmp_path):
    once = f"[ -e {tmp_path}/once ] || {{ touch {tmp_path}/once; echo ready; }}; exec sleep 60"

    async def happens():
        os.kill(supervisor.running[0].process.pid, SIGKILL)
        await saying(supervisor, "starting it again")
        await asyncio.sleep(0.8)

    assert await watched(supervisor, [Part("slow", ("sh", "-c", once), says("ready"))], happens) == 0
    assert "is back" not in said(supervisor)
    assert not alive(slow(supervisor))


def slow(supervisor) -> int:
    return int(json.loads((supervisor.run_dir / "parts.json").read_text())["slow"][0])


async def test_a_part_that_ignores_the_request_is_killed(supervisor):
    status, pids = await run_and_stop(supervisor, [fake("stubborn", ending=((SIGTERM, 0.3),))])
    assert status == 0
    assert "had to be killed" in said(supervisor)
    assert not any(map(alive, pids))


async def test_a_stop_while_starting_starts_nothing_more(supervisor):
    asyncio.get_running_loop().call_later(0.2, supervisor.asked.set)
    status = await supervisor.run([fake("good"), fake("never"), fake("dies")], lambda: None)
    assert status == 0
    assert "stopped while starting" in said(supervisor)
    assert "dies" not in said(supervisor)


async def test_a_chore_that_fails_says_why(supervisor):
    def refuse() -> str:
        raise LaunchError("the disk is full")

    assert await supervisor.run([fake("good"), Chore("database", refuse)], lambda: None) == 1
    assert "✗ the disk is full" in said(supervisor)
    assert "■ good" in said(supervisor)


async def test_a_program_that_is_not_there_is_one_sentence(supervisor):
    part = fake("good")
    missing = type(part)("gone", ("/nowhere/program",), part.ready)
    assert await supervisor.run([missing], lambda: None) == 1
    assert "gone ended while starting" in said(supervisor)


async def test_a_part_that_runs_and_does_not_answer_is_killed_and_started_again(supervisor, monkeypatch):
    monkeypatch.setattr(supervise, "LOOK_ALIVE", 0.02)
    monkeypatch.setattr(supervise, "REST", 0.01)
    pids: list[int] = []

    async def lives(log):
        """Silent for as long as the first process runs. One answer between two silences is enough to go on."""
        pids.append(supervisor.running[0].process.pid)
        if len(set(pids)) == 2:
            supervisor.asked.set()
        return len(pids) == 3 or len(set(pids)) == 2

    hung = Part("hung", ("sh", "-c", "echo ready; exec sleep 60"), says("ready"), lives=lives)
    assert await supervisor.run([hung], lambda: None) == 0
    assert "hung runs and does not answer; it is killed" in said(supervisor)
    assert "hung is back" in said(supervisor)
    assert pids.count(pids[0]) == 6, "silent twice, an answer, silent three times"
