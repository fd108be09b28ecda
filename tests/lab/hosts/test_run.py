"""The door for code without asyncio: what a command writes and how it ends, and how much of it is kept."""

import socket
import threading

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError
from explorer.lab.hosts.run import BoundedOutput, execute
from tests.lab.fakes import HIJACKED, answer, frame


class EngineOfOneExec:
    """In threads, for callers whose loop is their own: sends these pieces once an exec is started, each at once."""

    def __init__(self, path, *pieces):
        self.pieces = pieces
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                asked = connection.recv(65536)
                if b"/start" in asked:
                    for piece in self.pieces:
                        connection.sendall(piece)
                elif asked.startswith(b"POST"):
                    connection.sendall(answer({"Id": "e1"}, "201 Created"))
                else:
                    connection.sendall(answer({"Running": False, "ExitCode": 3}))


@pytest.fixture
def config(tmp_path):
    made = LabConfig("units", "node", tmp_path / "engine", tmp_path, tmp_path / "cache")
    made.socket.parent.mkdir(parents=True, exist_ok=True)
    return made


@pytest.mark.parametrize(
    "pieces",
    [
        (HIJACKED + frame(b"one\n") + frame(b"two\n", 2),),
        (HIJACKED, frame(b"one\n") + frame(b"two\n", 2)),
        (HIJACKED + frame(b"one\n")[:5], frame(b"one\n")[5:], frame(b"two\n", 2)),
    ],
    ids=["with its head", "after its head", "half a frame with its head"],
)
def test_nothing_of_the_output_is_lost_however_the_engine_sends_it(config, pieces):
    engine = EngineOfOneExec(config.socket, *pieces)
    said = BoundedOutput(100)
    assert execute(config, "c", ["x"], said.write, 5) == 3
    engine.listener.close()
    assert (bytes(said.out), bytes(said.err)) == (b"one\n", b"two\n")


def test_without_an_engine_it_is_the_nodes_fault(config):
    with pytest.raises(NodeError, match="does not answer"):
        execute(config, "c", ["x"], BoundedOutput(1).write, 5)


def test_of_each_output_only_the_beginning_is_kept():
    kept = BoundedOutput(5)
    for _ in range(1000):
        kept.write("out", b"abc")
        kept.write("err", b"xyz")
    assert (bytes(kept.out), bytes(kept.err)) == (b"abcab", b"xyzxy")
