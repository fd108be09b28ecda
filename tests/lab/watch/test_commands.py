"""Commands as one would type them, and what is said where the kernel does not tell."""

import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.lab.config import LabConfig
from explorer.lab.inside.execs import messages
from explorer.lab.watch import commands
from explorer.lab.watch.commands import Command, Commands, quoted, reason, words
from tests.connector import need_connector

H1 = "1" * 64


@pytest.fixture
def config(tmp_path):
    return LabConfig("t", "node1", tmp_path, tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["docker", "network", "connect", "town", "web"], "docker network connect town web"),
        (["sh", "-c", "ip addr | grep inet"], "sh -c 'ip addr | grep inet'"),
        (["echo", "it's", ""], """echo 'it'"'"'s' ''"""),
        (["printf", "a\nb\x1b[31m"], r"printf $'a\nb\e[31m'"),
        (["ls", "\u202eevil", "\x00\x07"], r"ls $'\u202eevil' $'\x00\x07'"),
    ],
)
def test_quoted_as_a_shell_reads_it(argv, text):
    assert words(argv) == text


@given(st.lists(st.text(), min_size=1, max_size=6))
def test_whatever_it_was_it_is_one_bounded_line_that_can_be_shown(argv):
    text = words(argv)
    assert text.isprintable()
    assert len(text) <= commands.TEXT


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn", "Zs"]), max_size=30))
def test_plain_words_are_read_back_by_a_shell(word):
    assert shlex.split(quoted(word)) == [word]


def test_bash_reads_the_rest_back():
    word = "a'b\\c\nd\te\x1b\u202e\U000e0041é"
    done = subprocess.run(
        ["bash", "-c", f"printf %s {quoted(word)}"], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    assert done.stdout.decode() == word


def test_what_is_longer_is_cut_and_says_so():
    assert words(["echo", "x" * 999]).endswith("x…")
    assert words(["echo", "x"], cut=True).endswith("…")


def tell(told, config):
    heard = []
    node = Commands(config)
    node.attend(H1, heard.append)
    node._take(json.dumps(told).encode())
    return heard


def test_each_host_hears_its_own(config):
    told = {"container": H1, "inner": "", "argv": ["ls"], "cut": False}
    assert tell(told, config) == [Command("", "ls")]
    assert tell({**told, "container": "2" * 64}, config) == []


def test_what_was_counted_is_said(config):
    (more, ended) = tell({"container": H1, "more": 12, "ended": 1}, config)
    assert more.text == "and 12 more commands, too many at once to list"
    assert ended.text == "1 program from a shell ended too soon to be read"
    assert more.counted
    (lost,) = tell({"lost": True}, config)
    assert "may be missing" in lost.text


def test_where_the_kernel_does_not_tell_it_is_said(config, monkeypatch):
    def silent(what, room):
        raise TimeoutError(110, "Connection timed out")

    monkeypatch.setattr(commands, "listen", silent)
    node = Commands(config)
    node.open()
    assert node.why_not == commands.CONTAINED
    assert commands.why_not() == commands.CONTAINED
    asyncio.run(node.run())  # and that is all it does
    assert "refuses" in reason(PermissionError(1, "Operation not permitted"))


class Forgetful(Commands):
    """Its program ends at once, every time."""

    def __init__(self, config):
        super().__init__(config)
        self.tries, self.often = 0, asyncio.Event()

    async def _read(self):
        self.tries += 1
        if self.tries == 3:
            self.often.set()


async def test_a_program_that_ended_is_started_anew_and_that_is_said(config, monkeypatch):
    monkeypatch.setattr(commands, "AGAIN", 0.0)
    node, heard = Forgetful(config), []
    node._sockets = cast(Any, [Nothing()])
    node.attend(H1, heard.append)
    task = asyncio.create_task(node.run())
    await asyncio.wait_for(node.often.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert heard == [Command("", commands.LOST, counted=True)]  # said once, not each time


def test_what_is_lost_is_said_again_after_a_while(config, monkeypatch):
    heard = []
    node = Commands(config)
    node.attend(H1, heard.append)
    node._take(b'{"lost": true}')
    node._take(b'{"lost": true}')
    assert len(heard) == 1
    monkeypatch.setattr(commands, "LOST_EVERY", 0.0)
    node._take(b'{"lost": true}')
    assert len(heard) == 2


class Nothing:
    def send(self, data):
        raise OSError

    def close(self):
        pass


@pytest.fixture
def kernel():
    need_connector()
    assert commands.why_not() == ""


def test_the_kernel_tells_execs_and_nothing_else(kernel):
    sock = commands.listen(commands.EXEC, 1 << 20)
    try:
        child = subprocess.Popen([sys.executable, "-ISc", "import threading; [threading.Thread(target=id, args=(1,)).start()]"])
        child.wait()
        until, pids = time.monotonic() + 5, []
        while child.pid not in pids:
            assert time.monotonic() < until
            pids += [pid for pid, _ in messages(sock)[0]]
        assert pids.count(child.pid) == 1  # its threads and its end are none
    finally:
        commands.forget(sock)


def test_an_end_names_its_parent(kernel):
    sock = commands.listen(commands.EXIT, 1 << 20)
    try:
        child = subprocess.Popen(["true"])
        child.wait()
        until, found = time.monotonic() + 5, {}
        while child.pid not in found:
            assert time.monotonic() < until
            found |= dict(messages(sock)[0])
        assert found[child.pid] == os.getpid()
    finally:
        commands.forget(sock)
