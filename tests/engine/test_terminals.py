"""Shells on a real host, in its containers, on a machine: opened, sized, ended, and gone when they are closed."""

from __future__ import annotations

import asyncio
import statistics
import time

import pytest

from explorer.lab.ask.terminals import Terminal, end_shells
from explorer.lab.errors import HostError, NotThere
from explorer.lab.hosts import lifecycle
from tests.engine.eyes import do

pytestmark = [pytest.mark.engine, pytest.mark.timeout(60)]


@pytest.fixture
async def terminal_on(lab_config, sandbox):
    """Opens shells, and closes them whatever happens."""
    opened = []

    async def open_one(place, columns=100, rows=30):
        terminal = await Terminal.open(lab_config, sandbox[0], place, columns, rows)
        opened.append(terminal)
        return terminal

    yield open_one
    for terminal in opened:
        await terminal.close()


@pytest.fixture
async def web(lab_config, sandbox):
    await do(lab_config, sandbox[0], "h1", "docker run -d --name web box")
    yield "h1/web"
    await do(lab_config, sandbox[0], "h1", "docker rm -f web")


async def read_until(terminal, wanted, seconds=5.0):
    said = b""
    async with asyncio.timeout(seconds):
        while wanted not in said:
            data = await terminal.read()
            if not data:
                break
            said += data
    return said


async def type_line(terminal, line, wanted):
    await terminal.write(line.encode() + b"\n")
    return await read_until(terminal, wanted)


async def processes(lab_config, sandbox, where="h1"):
    return await do(lab_config, sandbox[0], where, "for d in /proc/[0-9]*; do tr '\\0' ' ' <$d/cmdline; echo; done; true")


@pytest.mark.parametrize("place", ["h1", "outside", "h1/web"])
async def test_a_root_shell_opens_everywhere(terminal_on, web, place):
    terminal = await terminal_on(place, 91, 33)
    said = await type_line(terminal, "echo $(stty size) $TERM uid-$(id -u)", b"uid-0")
    assert b"33 91 xterm-256color uid-0" in said


async def test_a_new_size_reaches_the_shell(terminal_on):
    terminal = await terminal_on("h1")
    await terminal.resize(77, 22)
    assert b"22 77" in await type_line(terminal, "stty size", b"22 77")


async def test_sizes_of_nonsense_become_sensible_ones(terminal_on):
    terminal = await terminal_on("h1", -5, 10**9)
    assert b"300 10" in await type_line(terminal, "stty size", b"300 10")


async def test_a_shell_that_ends_says_so(terminal_on):
    terminal = await terminal_on("h1")
    await terminal.write(b"exit 3\n")
    await read_until(terminal, b"never")
    assert await terminal.read() == b""
    assert terminal.reason == "The shell has ended (exit status 3)."


@pytest.mark.parametrize("place", ["h1", "h1/web"])
async def test_closing_ends_the_shell_and_what_runs_in_it(terminal_on, web, lab_config, sandbox, place):
    terminal = await terminal_on(place)
    await type_line(terminal, "sleep 4711 & nohup sleep 4712 >/dev/null 2>&1 & echo go''ing", b"going")
    await type_line(terminal, "echo n''ow; sleep 4713", b"now")
    await asyncio.sleep(0.1)
    await terminal.close()
    left = await processes(lab_config, sandbox)
    assert "sleep 4711" not in left
    assert "sleep 4713" not in left
    if place == "h1":  # `box` has no nohup
        assert "sleep 4712" in left
        await do(lab_config, sandbox[0], "h1", "kill $(pgrep -f 'sleep 471[2]')")


async def test_a_shell_that_ignores_the_hangup_is_ended_all_the_same(terminal_on, lab_config, sandbox):
    terminal = await terminal_on("h1")
    await type_line(terminal, "trap '' HUP TERM; MARK=4714 exec -a stub''born bash --norc; echo", b"#")
    await type_line(terminal, "trap '' HUP TERM; echo de''af", b"deaf")
    await terminal.close()
    await terminal.close()
    assert "stubborn" not in await processes(lab_config, sandbox)


async def test_shells_nobody_holds_any_more_are_ended(terminal_on, web, lab_config, sandbox):
    terminals = [await terminal_on("h1"), await terminal_on("h1/web")]
    for terminal in terminals:
        await read_until(terminal, b"# ")
    assert await end_shells(lab_config, sandbox[0], "h1") == 3  # the one in web, and the client that carries it
    for terminal in terminals:
        await read_until(terminal, b"never")
        assert terminal.reason


async def test_closing_wakes_whoever_reads(terminal_on):
    terminal = await terminal_on("h1")
    await read_until(terminal, b"# ")
    reading = asyncio.create_task(terminal.read())
    await asyncio.sleep(0.05)
    await terminal.close()
    assert await asyncio.wait_for(reading, 1) == b""


@pytest.mark.parametrize("place", ["h9", "h1/nobody", "h1/--privileged", "h1/a;b", "../h1", "h1/", "", "h1/web/x", "H1\n"])
async def test_a_place_that_is_none_is_refused(terminal_on, place):
    with pytest.raises(NotThere):
        await terminal_on(place)


async def test_a_stopped_container_is_said_to_be_stopped(terminal_on, web, lab_config, sandbox):
    await do(lab_config, sandbox[0], "h1", "docker stop -t 0 web")
    with pytest.raises(HostError, match="web is not running"):
        await terminal_on("h1/web")


async def test_ten_megabytes_of_yes_come_at_the_readers_pace(terminal_on):
    terminal = await terminal_on("h1")
    await terminal.write(b"yes | head -c 10000000 && echo don''e\n")
    await asyncio.sleep(0.3)  # nobody reads: the shell has to wait, nothing grows
    size = len(await read_until(terminal, b"done", 20))
    assert size >= 10_000_000


async def test_what_is_typed_waits_for_a_program_that_takes_no_input_until_the_shell_is_closed(terminal_on):
    terminal = await terminal_on("h1")
    await type_line(terminal, "stty raw -echo; echo rea''dy; sleep 99", b"ready")
    writing = asyncio.create_task(terminal.write(b"x" * 20_000_000))
    done, _ = await asyncio.wait([writing], timeout=1)
    assert not done
    await terminal.resize(100, 30)
    await terminal.close()
    await asyncio.wait_for(writing, 5)


async def test_an_echo_takes_milliseconds(terminal_on):
    terminal = await terminal_on("h1")
    await read_until(terminal, b"# ")
    took = []
    for _ in range(50):
        began = time.perf_counter()
        await terminal.write(b"x")
        await read_until(terminal, b"x")
        took.append(time.perf_counter() - began)
    assert statistics.median(took) < 0.02


async def test_a_host_that_goes_closes_its_shells(lab_config, open_one):
    name, _facts = open_one()
    terminal = await Terminal.open(lab_config, name, "h1", 80, 24)
    await read_until(terminal, b"# ")
    await asyncio.to_thread(lifecycle.close_sandbox, lab_config, name)
    await read_until(terminal, b"never", 10)
    assert await terminal.read() == b""
    assert terminal.reason
    await terminal.close()
