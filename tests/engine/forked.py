"""Runs commands of ours in processes that begin with everything loaded. A new interpreter needs more than a second for each, to
load Django.

`python -m tests.engine.forked SOCKET` listens there. A caller sends words, and with them what the command reads and where it
writes; the server forks, and the child runs `manage.py` with these words, or code when the first word is `-c`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

BYTES = 1 << 20  # of one command's words


class Server:
    """The caller's side: starts the server, and runs commands there."""

    def __init__(self, place: Path, env: dict[str, str], root: Path) -> None:
        self.path = str(place / "forked")
        self.process = subprocess.Popen([sys.executable, "-m", "tests.engine.forked", self.path], cwd=root, env=env)
        until = time.monotonic() + 60
        while not Path(self.path).exists():
            assert self.process.poll() is None, "the process that runs commands ended"
            assert time.monotonic() < until, "the process that runs commands did not start"
            time.sleep(0.02)

    def run(self, words: list[str], stdin: str, seconds: float) -> subprocess.CompletedProcess[str]:
        with (
            tempfile.TemporaryFile("w+") as given,
            tempfile.TemporaryFile("w+") as out,
            tempfile.TemporaryFile("w+") as err,
            socket.socket(socket.AF_UNIX) as asking,
        ):
            given.write(stdin)
            given.flush()
            os.lseek(given.fileno(), 0, os.SEEK_SET)
            asking.connect(self.path)
            said = json.dumps(words).encode()
            assert len(said) < BYTES
            socket.send_fds(asking, [said], [one.fileno() for one in (given, out, err)])
            answers = asking.makefile()
            pid = int(answers.readline())
            asking.settimeout(seconds)
            try:
                status = int(answers.readline() or -1)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(words, seconds) from None
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(words, status, out.read(), err.read())

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def serve(path: str) -> None:
    import django

    django.setup()
    import explorer.lab.hosts.run
    import explorer.node.management.commands.sandbox
    import explorer.sandboxes.opening  # noqa: F401 (loaded before the fork)

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that ended stay nobody's
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{path}.new")
    listening.listen(64)
    Path(f"{path}.new").rename(path)
    while True:
        asking, _ = listening.accept()
        said, streams, _, _ = socket.recv_fds(asking, BYTES, 3)
        if os.fork() == 0:
            listening.close()
            child(asking, json.loads(said), streams)
        asking.close()
        for stream in streams:
            os.close(stream)


def child(asking: socket.socket, words: list[str], streams: list[int]) -> None:
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        asking.sendall(f"{os.getpid()}\n".encode())
        status = do(words)
    except BaseException:  # the child ends here, whatever happened
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        asking.sendall(f"{status}\n".encode())
        os._exit(0)


def do(words: list[str]) -> int:
    try:
        if words[0] == "-c":
            exec(compile(words[1], "<test>", "exec"), {"__name__": "__main__"})  # noqa: S102 (the test's own code)
        else:
            from django.core.management import execute_from_command_line

            execute_from_command_line(["manage.py", *words])
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
            return 1
        return int(ended.code or 0)
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
