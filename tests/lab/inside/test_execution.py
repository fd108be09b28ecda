"""Programs in a host: on an engine that behaves, and on those that refuse, lie, flood or fall silent."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from explorer.lab.errors import HostTimeout, NodeError, NotThere
from explorer.lab.inside import execution, unix_http
from explorer.lab.inside.execution import Execution, Frames, Program, run_program
from explorer.lab.inside.unix_http import BadAnswer, to_path
from tests.lab.fakes import HIJACKED, OK, EngineOfOneExec, answer, daemon, frame, hangs_up, silent

PROGRAM = Program(("cat", "x"), environment=("TERM=dumb",))


class Heard:
    def __init__(self):
        self.pieces = []

    def write(self, stream, data):
        self.pieces.append((stream, data))

    def of(self, stream):
        return b"".join(data for name, data in self.pieces if name == stream)


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def killed(monkeypatch):
    """The process ids that were ended, without ending them."""
    pids: list[int] = []

    def opened(pid):
        pids.append(pid)
        return os.open(os.devnull, os.O_RDONLY)

    monkeypatch.setattr(os, "pidfd_open", opened)
    monkeypatch.setattr(signal, "pidfd_send_signal", lambda pidfd, number: pids.append(number))
    return pids


def writes(*pieces):
    async def talk(reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return talk


async def echoes(reader, writer):
    """Sends back what it is given, once it has been given everything."""
    writer.write(frame(await reader.read(-1)))


async def counts(reader, writer):
    """Says how much it was given."""
    size = 0
    while data := await reader.read(65536):
        size += len(data)
    writer.write(frame(b"%d" % size))


async def takes_no_input(reader, writer):
    """Its end of standard input closes at once; what it says comes all the same."""
    writer.write(frame(b"done"))


async def hangs(reader, writer):
    await asyncio.sleep(60)


async def floods(reader, writer):
    while not writer.is_closing():
        writer.write(frame(b"y\n" * 4000))
        await writer.drain()


# --- a program that is what it should be ---
async def test_both_outputs_and_the_status_come_back(tmp_path, heard):
    engine = EngineOfOneExec(writes(frame(b"one\n"), frame(b"no\n", 2), frame(b"two\n")), code=7)
    async with daemon(tmp_path, engine) as connect:
        assert await run_program(connect, "c1", PROGRAM, heard.write, 5) == 7
    assert heard.pieces == [("out", b"one\n"), ("err", b"no\n"), ("out", b"two\n")]
    assert engine.asked == ["POST /containers/c1/exec", "POST /exec/e1/start", "GET /exec/e1/json"]


async def test_the_engine_is_told_what_to_run_and_how(tmp_path, heard):
    engine = EngineOfOneExec()
    program = Program(("bash", "-l"), ("A=1", "B=2"), directory="/root", stdin=True, terminal=True, detach_keys="ctrl-@")
    async with daemon(tmp_path, engine) as connect:
        made = await Execution.create(connect, "c1", program)
        await made.start()
        made.close()
    assert engine.wanted == {
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": True,
        "Cmd": ["bash", "-l"],
        "Env": ["A=1", "B=2"],
        "WorkingDir": "/root",
        "DetachKeys": "ctrl-@",
    }
    assert engine.started == {"Detach": False, "Tty": True}


async def test_what_a_quick_program_wrote_together_with_the_head_is_not_lost(tmp_path, heard):
    engine = EngineOfOneExec(begin=HIJACKED + frame(b"quick\n") + frame(b"half")[:10], talk=writes(b"lf"))
    async with daemon(tmp_path, engine) as connect:
        await run_program(connect, "c1", PROGRAM, heard.write, 5)
    assert heard.of("out") == b"quick\nhalf"


async def test_input_reaches_the_program_and_ends(tmp_path, heard):
    async with daemon(tmp_path, EngineOfOneExec(echoes)) as connect:
        await run_program(connect, "c1", Program(("cat",), stdin=True), heard.write, 5, b"yes" * 1000)
    assert heard.of("out") == b"yes" * 1000


async def test_input_larger_than_any_buffer_reaches_it_whole(tmp_path, heard):
    async with daemon(tmp_path, EngineOfOneExec(counts)) as connect:
        await run_program(connect, "c1", Program(("wc",), stdin=True), heard.write, 30, b"x" * 3_000_000)
    assert heard.of("out") == b"3000000"


async def test_a_program_that_does_not_read_its_input_is_no_error(tmp_path, heard):
    async with daemon(tmp_path, EngineOfOneExec(takes_no_input, code=1)) as connect:
        assert await run_program(connect, "c1", Program(("true",), stdin=True), heard.write, 30, b"x" * 3_000_000) == 1
    assert heard.of("out") == b"done"


# --- one that does not end ---
async def test_at_its_time_a_program_is_ended(tmp_path, heard, killed):
    async with daemon(tmp_path, EngineOfOneExec(hangs, code=None, pid=4711)) as connect:
        with pytest.raises(HostTimeout, match=r"did not end within 0\.2 s"):
            await run_program(connect, "c1", PROGRAM, heard.write, 0.2)
    assert killed == [4711, signal.SIGKILL]


async def test_a_flood_does_not_keep_the_clock_from_striking(tmp_path, heard, killed):
    async with daemon(tmp_path, EngineOfOneExec(floods, code=None, pid=4711)) as connect:
        with pytest.raises(HostTimeout):
            await run_program(connect, "c1", PROGRAM, heard.write, 0.3)
    assert heard.of("out")
    assert killed == [4711, signal.SIGKILL]


async def test_who_cannot_write_on_ends_the_program(tmp_path, killed):
    def full(stream, data):
        raise BrokenPipeError

    async with daemon(tmp_path, EngineOfOneExec(floods, code=None, pid=4711)) as connect:
        with pytest.raises(BrokenPipeError):
            await run_program(connect, "c1", PROGRAM, full, 5)
    assert killed == [4711, signal.SIGKILL]


async def test_who_is_cancelled_ends_the_program(tmp_path, heard, killed):
    engine = EngineOfOneExec(hangs, code=None, pid=4711)
    async with daemon(tmp_path, engine) as connect:
        running = asyncio.create_task(run_program(connect, "c1", PROGRAM, heard.write, 60))
        await engine.begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert killed == [4711, signal.SIGKILL]


@pytest.fixture
def sleeping():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


async def test_a_process_of_this_machine_is_really_ended(tmp_path, sleeping):
    async with daemon(tmp_path, EngineOfOneExec(code=None, pid=sleeping.pid)) as connect:
        await (await Execution.create(connect, "c1", PROGRAM)).kill()
    assert sleeping.wait(10) == -signal.SIGKILL


class ChangesItsMind(EngineOfOneExec):
    """The process ends, and its number is another's, between two questions."""

    async def told(self):
        self.pid += 1
        return await super().told()


class SaysNonsense(EngineOfOneExec):
    """Of an exec it tells whatever it was given."""

    def __init__(self, nonsense):
        super().__init__(code=None)
        self.nonsense = nonsense

    async def told(self):
        return self.nonsense


@pytest.mark.parametrize(
    "engine",
    [
        EngineOfOneExec(code=0, pid=4711),
        EngineOfOneExec(code=None, pid=0),
        EngineOfOneExec(code=None, pid=1),
        SaysNonsense({"Running": True, "Pid": "all of them"}),
        SaysNonsense([1, 2]),
        hangs_up,
    ],
    ids=["it has ended", "not started", "the first process", "no number", "no object", "no answer"],
)
async def test_what_cannot_be_the_programs_process_is_left_alone(tmp_path, killed, engine):
    async with daemon(tmp_path, engine) as connect:
        await Execution(connect, "e1", False, 1.0).kill()
    assert killed == []


async def test_no_signal_reaches_a_process_that_took_the_number_over(tmp_path, killed):
    async with daemon(tmp_path, ChangesItsMind(code=None, pid=4711)) as connect:
        await Execution(connect, "e1", False, 1.0).kill()
    assert signal.SIGKILL not in killed


# --- an engine that refuses or does not answer ---
@pytest.mark.parametrize(
    ("refusal", "error", "sentence"),
    [
        (answer({}, "404 Not Found"), NotThere, "gone"),
        (answer({}, "409 Conflict"), NotThere, "not running"),
        (answer({}, "500 No"), NodeError, "engine failed"),
        (answer([]), NodeError, "engine failed"),
        (answer([], "201 Created"), NodeError, "does not answer"),
        (answer(b"{", "201 Created"), NodeError, "does not answer"),
        (answer(b"[" * 100_000, "201 Created"), NodeError, "does not answer"),
        (b"\x00\xff\r\n\r\n", NodeError, "does not answer"),
    ],
)
async def test_an_engine_that_makes_no_exec_is_said(tmp_path, heard, refusal, error, sentence):
    async with daemon(tmp_path, EngineOfOneExec(create=refusal)) as connect:
        with pytest.raises(error, match=sentence):
            await run_program(connect, "c1", PROGRAM, heard.write, 5)


@pytest.mark.parametrize(
    ("refusal", "error"),
    [(answer({}, "404 Not Found"), NotThere), (answer({}, "409 Conflict"), NotThere), (answer({}, "400 No"), NodeError)],
)
async def test_an_engine_that_starts_nothing_is_said(tmp_path, heard, refusal, error):
    async with daemon(tmp_path, EngineOfOneExec(begin=refusal)) as connect:
        with pytest.raises(error):
            await run_program(connect, "c1", PROGRAM, heard.write, 5)


async def test_without_an_engine_it_is_the_nodes_fault(tmp_path, heard):
    with pytest.raises(NodeError, match="does not answer"):
        await run_program(to_path(str(tmp_path / "none")), "c1", PROGRAM, heard.write, 5)


async def test_a_silent_engine_costs_the_programs_time_and_no_more(tmp_path, heard):
    async with daemon(tmp_path, silent) as connect:
        with pytest.raises(HostTimeout):
            await run_program(connect, "c1", PROGRAM, heard.write, 0.1)


async def test_starting_has_the_time_of_every_other_answer(tmp_path, monkeypatch):
    async def starts_never(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(60)

    monkeypatch.setattr(unix_http, "SECONDS", 0.1)
    async with daemon(tmp_path, starts_never) as connect:
        with pytest.raises(BadAnswer, match="no answer within"):
            await Execution(connect, "e1", False, None).start()


async def test_an_ending_that_is_never_told_is_given_up(tmp_path, heard, killed, monkeypatch):
    """It hangs, and so does the engine when it is asked which process to end."""

    class FallsSilent(EngineOfOneExec):
        async def told(self):
            await asyncio.sleep(60)

    monkeypatch.setattr(execution, "END_SECONDS", 0.1)
    async with daemon(tmp_path, FallsSilent(hangs, code=None)) as connect:
        with pytest.raises(HostTimeout):
            await run_program(connect, "c1", PROGRAM, heard.write, 0.1)
    assert killed == []


# --- the status ---
async def test_a_status_is_waited_for(tmp_path):
    class EndsAtTheThirdQuestion(EngineOfOneExec):
        async def told(self):
            return {"Running": len(self.asked) < 3, "ExitCode": 9}

    engine = EndsAtTheThirdQuestion()
    async with daemon(tmp_path, engine) as connect:
        assert await Execution(connect, "e1", False, 1.0).status(30) == 9
    assert len(engine.asked) == 3


async def test_what_still_runs_has_no_status(tmp_path):
    async with daemon(tmp_path, EngineOfOneExec(code=None)) as connect:
        assert await Execution(connect, "e1", False, 1.0).status(0) is None


async def test_a_status_that_is_no_number_is_none(tmp_path):
    async with daemon(tmp_path, SaysNonsense({"Running": False, "ExitCode": "seven"})) as connect:
        assert await Execution(connect, "e1", False, 1.0).status(0) is None


# --- letting go ---
async def test_closing_wakes_who_reads(tmp_path):
    async with daemon(tmp_path, EngineOfOneExec(hangs, code=None)) as connect:
        made = await Execution.create(connect, "c1", PROGRAM)
        await made.start()
        reading = asyncio.create_task(made.read())
        await asyncio.sleep(0)
        made.close()
        made.close()
        assert await asyncio.wait_for(reading, 5) == b""
        assert await made.read() == b""
        await made.write(b"to nobody")
        made.end_input()


async def test_closing_wakes_who_writes_to_a_program_that_reads_nothing(tmp_path):
    async with daemon(tmp_path, EngineOfOneExec(hangs, code=None)) as connect:
        made = await Execution.create(connect, "c1", Program(("cat",), stdin=True))
        await made.start()
        writing = asyncio.create_task(made.write(b"x" * 10_000_000))
        await asyncio.sleep(0.05)
        assert not writing.done()
        made.close()
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            await asyncio.wait_for(writing, 5)


async def test_before_it_is_started_there_is_nothing_to_read(tmp_path):
    made = Execution(to_path(str(tmp_path / "none")), "e1", False, None)
    assert await made.read() == b""
    made.close()


async def test_an_old_engine_that_answers_200_is_one_that_started(tmp_path, heard):
    begin = OK + b"Content-Type: application/vnd.docker.raw-stream\r\n\r\n"

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begin)
        await writer.drain()
        await asyncio.sleep(60)

    async with daemon(tmp_path, talk) as connect:
        made = Execution(connect, "e1", False, 5.0)
        await made.start()
        made.close()


@pytest.mark.parametrize(("code", "taken"), [(None, True), (0, False)])
async def test_a_size_is_taken_only_while_it_runs(tmp_path, code, taken):
    engine = EngineOfOneExec(code=code)
    async with daemon(tmp_path, engine) as connect:
        assert await Execution(connect, "e1", True, 1.0).resize(120, 40) is taken
    assert engine.asked == ["POST /exec/e1/resize?h=40&w=120"]


# --- framing ---
STREAM = frame(b"hello") + frame(b"", 2) + frame(b"bad", 2) + frame(b"!")


@pytest.mark.parametrize("size", [1, 3, 7, 8, 9, len(STREAM)])
def test_frames_are_told_apart_however_they_arrive(size):
    frames, heard = Frames(), Heard()
    for at in range(0, len(STREAM), size):
        for stream, piece in frames.feed(STREAM[at : at + size]):
            heard.write(stream, piece)
    assert (heard.of("out"), heard.of("err")) == (b"hello!", b"bad")


def test_a_head_that_promises_gigabytes_makes_nothing_wait():
    frames = Frames()
    assert list(frames.feed(b"\x02\0\0\0\xff\xff\xff\xff" + b"x" * 10)) == [("err", b"x" * 10)]
    assert list(frames.feed(b"more")) == [("err", b"more")]


def test_a_stream_nobody_knows_is_output():
    assert list(Frames().feed(b"\x09\0\0\0\0\0\0\x02hi")) == [("out", b"hi")]
