"""Shells on an engine of one exec: opened, sized, written to, closed; and engines and daemons that get in the way."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace

import pytest

from explorer.lab.ask import terminals
from explorer.lab.ask.terminals import DETACH_KEYS, MARK, Terminal, end_shells, find_group, require_container, shell
from explorer.lab.config import LabConfig
from explorer.lab.errors import HostError, NodeError, NotThere
from explorer.lab.inside.host_engine import DOCKER, LABEL, PODMAN
from explorer.lab.inside.places import ControlGroup
from explorer.lab.inside.unix_http import BadAnswer, to_path
from tests.attacks import attack
from tests.lab.fakes import HIJACKED, EngineOfOneExec, answer, babbling, daemon, hangs_up, saying

WEB = "a" * 64


@pytest.fixture
def config(tmp_path):
    made = LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")
    made.socket.parent.mkdir(parents=True)
    made.socket.symlink_to(tmp_path / "d.sock")
    return made


@pytest.fixture
def hung(monkeypatch):
    """The marks that were hung up; every host is there and runs."""
    marks = []

    async def find(engine, name, shown):
        return SimpleNamespace(pid=7, group=name, engine=DOCKER)

    def hang_up(group, mark):
        marks.append((group, mark))
        return 1

    monkeypatch.setattr(terminals, "find_group", find)
    monkeypatch.setattr(terminals, "hang_up", hang_up)
    return marks


@pytest.fixture
async def opened(tmp_path, config, hung):
    """Opens one on an engine that behaves like this."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_one(engine, place="h1", columns=100, rows=30):
            await stack.enter_async_context(daemon(tmp_path, engine))
            terminal = await Terminal.open(config, "s1", place, columns, rows)
            stack.push_async_callback(terminal.close)
            return terminal

        yield open_one


async def prompts(reader, writer):
    """A shell: greets, then sends back what is typed until `exit`."""
    writer.write(b"$ ")
    while (typed := await reader.read(1024)) and b"exit" not in typed:
        writer.write(typed)
        await writer.drain()


async def hangs(reader, writer):
    await asyncio.sleep(60)


async def read_all(terminal):
    said = b""
    while data := await terminal.read():
        said += data
    return said


# --- opening ---
async def test_a_shell_is_an_exec_with_a_terminal_and_a_mark(opened, hung):
    engine = EngineOfOneExec(prompts)
    terminal = await opened(engine)
    await terminal.close()
    assert engine.wanted["Cmd"] == ["bash", "-l"]
    assert engine.wanted["Tty"]
    assert engine.wanted["AttachStdin"]
    assert engine.wanted["DetachKeys"] == DETACH_KEYS
    environment = engine.wanted["Env"]
    assert isinstance(environment, list)
    assert hung == [("x-units-s1-h1", environment[1])]
    assert environment[1].startswith(f"{MARK}=")
    assert engine.asked[:2] == ["POST /containers/x-units-s1-h1/exec", "POST /exec/e1/start"]


async def test_two_shells_have_two_marks(opened, tmp_path, config, hung):
    first, second = EngineOfOneExec(prompts), EngineOfOneExec(prompts)
    await (await opened(first)).close()
    (tmp_path / "d.sock").unlink()
    await (await opened(second)).close()
    assert len({mark for _, mark in hung}) == 2


@attack("a place that is a path or an option", origin="page", expected="refused", held_by="names are checked")
@pytest.mark.parametrize(
    ("sandbox", "place"),
    [
        *(("s1", place) for place in ("", "H1", "../h1", "h1/../x", "h1/-v", "h1 ", "h1;reboot", "h1/a/b", "h" * 32, "h1\n")),
        *((sandbox, "h1") for sandbox in ("", "../s", "s 1", "-s", "S1", "s" * 60, "s\n")),
    ],
)
async def test_what_cannot_be_a_place_reaches_no_engine(config, sandbox, place):
    with pytest.raises(NotThere, match="no such place"):
        await Terminal.open(config, sandbox, place, 80, 24)


async def test_without_an_engine_it_is_the_nodes_fault(config, hung):
    with pytest.raises(NodeError, match="does not answer"):
        await Terminal.open(config, "s1", "h1", 80, 24)


@pytest.mark.parametrize(
    ("engine", "error"),
    [
        (EngineOfOneExec(create=answer({}, "404 Not Found")), NotThere),
        (EngineOfOneExec(create=answer({}, "500 No")), NodeError),
        (EngineOfOneExec(begin=answer({}, "409 Conflict")), NotThere),
        (EngineOfOneExec(begin=answer({}, "500 No")), NodeError),
        (hangs_up, NodeError),
        (babbling, NodeError),
    ],
    ids=["no host", "it makes none", "it stopped", "it starts none", "it hangs up", "it babbles"],
)
async def test_an_engine_that_opens_none_is_said(tmp_path, config, hung, engine, error, monkeypatch):
    monkeypatch.setattr("explorer.lab.inside.unix_http.SECONDS", 0.3)
    async with daemon(tmp_path, engine):
        with pytest.raises(error):
            await Terminal.open(config, "s1", "h1", 80, 24)


# --- what is said and typed ---
async def test_what_is_typed_comes_back(opened):
    terminal = await opened(EngineOfOneExec(prompts))
    assert await terminal.read() == b"$ "
    await terminal.write(b"ls\n")
    assert await terminal.read() == b"ls\n"
    await terminal.write(b"exit\n")
    assert await terminal.read() == b""
    assert terminal.reason == "The shell has ended."


async def test_the_first_words_may_come_with_the_head(opened):
    terminal = await opened(EngineOfOneExec(hangs, begin=HIJACKED + b"root@h1:/# "))
    assert await terminal.read() == b"root@h1:/# "
    await terminal.close()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, "The shell has ended."),
        (130, "The shell has ended."),
        (137, "The shell has ended (exit status 137)."),
        (None, "The connection to the shell was lost."),
    ],
)
async def test_why_it_ended(opened, code, reason):
    terminal = await opened(EngineOfOneExec(code=code))
    assert await read_all(terminal) == b""
    assert terminal.reason == reason


async def test_a_host_that_took_its_shell_with_it(opened):
    class Forgets(EngineOfOneExec):
        """A host that stopped: the engine knows nothing of the exec any more."""

        async def told(self):
            raise ConnectionResetError

    terminal = await opened(Forgets(), place="h1")
    assert await read_all(terminal) == b""
    assert terminal.reason == "h1 has stopped."


# --- sizes ---
@attack("a terminal of nonsense size", origin="page", expected="harmless", held_by="sizes have bounds")
@pytest.mark.parametrize(
    ("size", "taken"),
    [((100, 30), "h=30&w=100"), ((0, 0), "h=3&w=10"), ((-5, 10**9), "h=300&w=10"), ((9999, 2), "h=3&w=500")],
)
async def test_a_size_of_nonsense_becomes_a_sensible_one(opened, size, taken):
    engine = EngineOfOneExec(hangs, code=None)
    terminal = await opened(engine, columns=size[0], rows=size[1])
    await terminal.close()
    assert f"POST /exec/e1/resize?{taken}" in engine.asked


async def test_a_shell_that_is_not_there_yet_is_asked_again_but_not_for_ever(opened):
    engine = EngineOfOneExec(hangs, code=0)  # it answers every resize with 409
    terminal = await opened(engine)
    assert sum("resize" in line for line in engine.asked) == 5
    await terminal.close()


# --- closing ---
async def test_closing_hangs_up_once_and_wakes_who_reads(opened, hung):
    terminal = await opened(EngineOfOneExec(hangs, code=None))
    reading = asyncio.create_task(terminal.read())
    await asyncio.sleep(0)
    await terminal.close()
    await terminal.close()
    assert await asyncio.wait_for(reading, 5) == b""
    assert terminal.reason == "It was closed."
    assert len(hung) == 1
    await terminal.write(b"to nobody")


async def test_closing_wakes_who_types_into_a_program_that_reads_nothing(opened):
    terminal = await opened(EngineOfOneExec(hangs, code=None))
    typing = asyncio.create_task(terminal.write(b"x" * 10_000_000))
    await asyncio.sleep(0.05)
    assert not typing.done()
    await terminal.close()
    await asyncio.wait_for(typing, 5)


async def test_every_shell_of_an_earlier_relay_is_ended(config, hung):
    assert await end_shells(config, "s1", "h1") == 1
    assert hung == [("x-units-s1-h1", f"{MARK}=")]
    with pytest.raises(NotThere):
        await end_shells(config, "../s", "h1")


async def test_without_an_engine_no_shell_can_be_ended(config, monkeypatch):
    async def silent(*words):
        raise BadAnswer("it hung up")

    monkeypatch.setattr(terminals, "find_group", silent)
    with pytest.raises(NodeError):
        await end_shells(config, "s1", "h1")


# --- in a container ---
@attack("a container name that is a command line", origin="page", expected="refused", held_by="one word, no shell")
def test_the_name_of_a_container_is_a_word_and_never_a_command_line():
    words = shell("web", "m")
    assert words[:3] == ["docker", "exec", "-it"]
    assert "web" in words
    assert f"{MARK}=m" in words
    assert shell(None, "m") == ["bash", "-l"]
    assert shell("web", "m", PODMAN) == ["podman", *words[1:]]


def inner(state):
    return saying(answer(state))


@pytest.fixture
def inside(monkeypatch, tmp_path):
    """The daemon within the host is this one."""
    monkeypatch.setattr(terminals, "to_daemon", lambda pid, belongs, engine: to_path(str(tmp_path / "d.sock")))
    return SimpleNamespace(pid=7, group=SimpleNamespace(belongs=lambda pid: True), engine=DOCKER)


async def test_a_container_that_runs_is_entered(tmp_path, inside):
    async with daemon(tmp_path, inner({"State": {"Running": True}})):
        await require_container(inside, "h1", "web")


@pytest.mark.parametrize(
    ("said", "error", "sentence"),
    [
        (inner({"State": {"Running": False}}), HostError, "web is not running"),
        (inner({"State": None}), HostError, "web is not running"),
        (inner({}), HostError, "web is not running"),
        (inner([1, 2]), HostError, "web is not running"),
        (inner("yes"), HostError, "web is not running"),
        (saying(answer({}, "404 Not Found")), NotThere, "no container web on h1"),
        (saying(answer({}, "500 No")), HostError, "daemon on h1 does not answer"),
        (hangs_up, HostError, "daemon on h1 does not answer"),
    ],
)
async def test_a_daemon_that_says_anything_else_is_a_kind_refusal(tmp_path, inside, said, error, sentence):
    async with daemon(tmp_path, said):
        with pytest.raises(error, match=sentence):
            await require_container(inside, "h1", "web")


# --- the host's own processes ---
async def test_a_host_is_found_with_its_control_group(tmp_path, monkeypatch):
    group = ControlGroup(tmp_path, "/x")
    monkeypatch.setattr(ControlGroup, "of", classmethod(lambda cls, pid, container: group if pid == 7 else None))
    async with daemon(tmp_path, saying(answer({"Id": WEB, "State": {"Pid": 7}}))) as engine:
        found = await find_group(engine, "x-units-s1-h1", "h1")
    assert (found.pid, found.group, found.engine) == (7, group, DOCKER)


async def test_what_a_host_runs_is_what_the_node_wrote_on_it(tmp_path, monkeypatch):
    monkeypatch.setattr(ControlGroup, "of", classmethod(lambda cls, pid, container: None))
    told = {"Id": WEB, "State": {"Pid": 7}, "Config": {"Labels": {LABEL: "podman"}}}
    async with daemon(tmp_path, saying(answer(told))) as engine:
        assert (await find_group(engine, "x-units-s1-h1", "h1")).engine is PODMAN


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer({}, "404 Not Found"), NotThere),
        (answer({"State": {"Pid": 0}, "Id": WEB}), HostError),
        (answer({}), HostError),
        (answer({}, "500 No"), HostError),
        (answer({"State": {"Pid": 999_999_998}, "Id": WEB}), HostError),
    ],
    ids=["none", "stopped", "says nothing", "trouble", "its process is gone"],
)
async def test_a_host_that_does_not_run_is_said(tmp_path, said, error):
    async with daemon(tmp_path, saying(said)) as engine:
        with pytest.raises(error, match="h1"):
            await find_group(engine, "x-units-s1-h1", "h1")


def test_the_keys_that_leave_a_terminal_are_none_that_people_type():
    keys = DETACH_KEYS.split(",")
    assert len(keys) == 16
    assert "ctrl-p" not in keys
