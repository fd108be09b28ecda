"""Tools run together, told apart, bounded. The node's own namespace stands in for a learner's."""

import asyncio
import os

import pytest

from explorer import priority
from explorer.lab.inside import tools
from explorer.lab.inside.allowance import Account, Exceeded
from explorer.lab.inside.tools import outputs_of, run_tools

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="entering a namespace needs root")


@pytest.fixture
def here():
    fd = os.open("/proc/self/ns/net", os.O_RDONLY)
    yield fd
    os.close(fd)


@needs_root
async def test_each_gets_its_own_text_and_error(here):
    told = await run_tools(here, {"a": ["echo", "one"], "b": ["sh", "-c", "echo no >&2; exit 3"], "c": ["printf", "x"]})
    assert (told["a"].text, told["a"].error) == ("one\n", "")
    assert (told["b"].text, told["b"].error) == ("", "no")
    assert (told["c"].text, told["c"].error) == ("x", "")


@needs_root
async def test_one_that_never_ends_does_not_take_the_others_along(here, monkeypatch):
    monkeypatch.setattr(tools, "SECONDS", 0.3)
    told = await run_tools(here, {"a": ["echo", "one"], "b": ["sleep", "9"], "c": ["echo", "two"]})
    assert (told["a"].text, told["c"].text) == ("one\n", "two\n")
    assert told["b"].error == "the tool gave no answer in time"


@needs_root
async def test_one_that_never_stops_talking_is_cut(here):
    told = await run_tools(here, {"a": ["yes"], "b": ["echo", "two"]})
    assert told["a"].cut
    assert len(told["a"].text) <= tools.OUTPUT_BYTES
    assert told["b"].text == "two\n"


@needs_root
async def test_a_missing_tool_is_an_error_not_a_crash(here):
    told = await run_tools(here, {"a": ["no-such-tool"]})
    assert "not found" in told["a"].error


@needs_root
@pytest.mark.skipif(not priority.sessions_are_groups(), reason="this kernel does not schedule sessions as groups")
async def test_tools_of_a_sandbox_in_debt_come_last_and_others_do_not(here):
    """In a session of its own, niceness alone would do nothing."""
    ask = {"group": ["cat", "/proc/self/autogroup"], "own": ["nice"]}
    debtor = Account(Exceeded())
    debtor.charge(100.0)
    late, usual = await run_tools(here, ask, debtor), await run_tools(here, ask)
    assert (late["group"].text.split()[-1], late["own"].text.strip()) == ("19", "19")
    assert (usual["group"].text.split()[-1], usual["own"].text.strip()) == ("0", "0")


@needs_root
async def test_while_they_wait_the_number_of_the_descriptor_may_become_anothers(here):
    """A container ends while its tools wait. The next namespace that is opened gets the same number; it may be another's."""
    given = os.dup(here)
    turns = tools._turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(tools.AT_ONCE))
    for _ in range(tools.AT_ONCE):
        await turns.acquire()
    asking = asyncio.create_task(run_tools(given, {"a": ["readlink", "/proc/self/ns/net"]}))
    await asyncio.sleep(0)
    another = os.open("/dev/null", os.O_RDONLY)
    os.dup2(another, given)
    for _ in range(tools.AT_ONCE):
        turns.release()
    told = (await asking)["a"]
    os.close(another)
    os.close(given)
    assert (told.text.strip(), told.error) == (os.readlink("/proc/self/ns/net"), "")


async def test_a_namespace_that_is_gone_is_an_error():
    told = await run_tools(9999, {"a": ["echo"], "b": ["echo"]})
    assert told["a"].error
    assert told["b"].error


def test_text_that_imitates_a_marker_is_text():
    told = outputs_of(["a"], "m4rk", b"marker 0\nm4rk 0\n", b"", late=False)
    assert told["a"].text == "marker 0\n"


def test_warnings_of_a_tool_that_succeeded_are_no_error():
    told = outputs_of(["a"], "m4rk", b"text\nm4rk 0\n", b"conntrack v1: 5 entries\nm4rk\n", late=False)
    assert told["a"].error == ""
