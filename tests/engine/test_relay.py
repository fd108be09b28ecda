"""The relay against real hosts: what a browser would get, read from the same streams."""

import os
import signal
import time

import pytest

from tests.engine.stack import bare, node

__all__ = ["bare", "node"]
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

# Runs in the node's own settings: a terminal as a browser has one, through orders and the ring.
TERMINAL = """
import os, time
from explorer.sandboxes import orders
redis = streams.redis()
sandbox = Sandbox.objects.get(pk={sandbox!r})
class Term:
    def __init__(self, place):
        self.id, self.last, self.said, self.why = "t" + os.urandom(6).hex(), "0-0", b"", None
        self.order(orders.OpenTerminal, place=place)
    def order(self, kind, **more):
        order = orders.Order(sandbox=sandbox.pk, about=self.id, wish=kind(**more))
        streams.give_order(redis, sandbox.node_id, order)
    def type(self, text):
        self.order(orders.TypeInTerminal, data=text if isinstance(text, bytes) else text.encode())
    def until(self, word, seconds=15):
        end = time.monotonic() + seconds
        while word not in self.said and self.why is None and time.monotonic() < end:
            for _, entries in redis.xread({{events.terminal_key(self.id): self.last}}, block=500) or ():
                for self.last, fields in entries:
                    self.said += fields.get(b"d", b"")
                    self.why = fields.get(b"x", self.why)
        assert word in self.said or self.why is not None, self.said[-500:]
        return self
"""


@pytest.fixture(scope="module")
def sandbox(node):
    made = node.tell("open")["id"]
    node.tell("exec", made, "h1", "--", "docker", "run", "-d", "--name", "web", "box")
    return made


@pytest.fixture(scope="module")
def terminal(node, sandbox):
    return lambda code: node.python(TERMINAL.format(sandbox=sandbox) + code)


@pytest.mark.parametrize("place", ["h1", "h1/web", "outside"])
def test_a_shell_everywhere(terminal, place):
    told = terminal(
        f"t = Term({place!r}).until(b'# ')\n"
        "t.type('echo $((6*7)) $(hostname)\\n'); t.until(b'42 ')\n"
        "t.type('exit\\n'); t.until(b'never'); print(t.why.decode())"
    )
    assert "ended" in told


MOUSE = bytes([0x1B, 0x5B, 0x4D, 0x20, 0x21 + 128, 0x21 + 104])  # a click in column 129, row 105: no text has these bytes


@pytest.mark.parametrize("place", ["h1", "h1/web", "outside"])
def test_every_byte_that_is_typed_arrives_as_that_byte(terminal, place):
    """`od` reads the terminal itself, whose line discipline hands on every byte as it is. Ctrl-P and Ctrl-Q are among them,
    with which an engine leaves a terminal unless it is told other keys."""
    data = MOUSE + "ä€😀".encode() + bytes(range(256))
    told = terminal(
        f"t = Term({place!r}).until(b'# ')\n"
        f"t.type('stty raw -echo; echo rea\\'\\'dy; od -An -v -tx1 -N {len(data)}; echo en\\'\\'d; stty sane\\n')\n"
        "t.until(b'ready'); time.sleep(0.3); t.said = b''\n"
        f"t.type({data!r}); t.until(b'end')\n"
        "print(t.said.partition(b'end')[0].decode())"
    )
    assert "".join(told.split()) == data.hex()


def test_more_than_a_program_takes_waits_for_it_and_none_is_lost(terminal):
    """A program that reads nothing for a while is given what was typed meanwhile, which is more than a terminal holds."""
    told = terminal(
        "t = Term('h1').until(b'# ')\n"
        "t.type('stty raw -echo; echo rea\\'\\'dy; sleep 7; head -c 200000 | md5sum; stty sane\\n'); t.until(b'ready')\n"
        "data = os.urandom(100000).hex().encode()\n"
        "for at in range(0, len(data), 2000): t.type(data[at:at + 2000])\n"
        "import hashlib; t.until(hashlib.md5(data).hexdigest().encode(), 40)\n"
        "print('same' if hashlib.md5(data).hexdigest().encode() in t.said else t.said[-300:])"
    )
    assert told.strip().endswith("same")


def test_echo_is_quick(terminal):
    told = terminal(
        "t = Term('h1').until(b'# '); times = []\n"
        "for n in range(40):\n"
        "    t.said = b''; began = time.perf_counter(); t.type('x'); t.until(b'x')\n"
        "    times.append((time.perf_counter() - began) * 1000); time.sleep(0.02)\n"
        "print(sorted(times)[37])"
    )
    assert float(told) < 100, "95 % of echoes within 50 ms on a quiet machine; twice that is tolerated on a busy one"


def test_ten_megabytes_of_yes_are_bounded_and_the_end_is_there(terminal):
    told = terminal(
        "t = Term('h1').until(b'# ')\n"
        "t.order(orders.AcknowledgeTerminal, offset=0)\n"
        "t.type('yes | head -c 10000000; echo the-\\'\\'end\\n')\n"
        "end = time.monotonic() + 60\n"
        "key, most = events.terminal_key(t.id), 0\n"
        "while time.monotonic() < end:\n"
        "    kept = redis.xrange(key)\n"
        "    most = max(most, sum(len(fields.get(b'd', b'')) for _, fields in kept))\n"
        "    offset = int(kept[-1][0].split(b'-')[0])\n"
        "    t.order(orders.AcknowledgeTerminal, offset=offset)\n"
        "    if b'the-end' in b''.join(fields.get(b'd', b'') for _, fields in kept[-3:]): break\n"
        "    time.sleep(0.01)\n"
        "else: raise SystemExit('the end never came')\n"
        "print(most, offset)"
    )
    most, offset = map(int, told.split())
    assert most <= 256 * 1024
    assert offset > 10_000_000


def test_what_is_typed_where_nothing_is_echoed_is_kept_nowhere(node, terminal):
    """A password: not in the database with its audit rows, not in a log, not in Redis, not in a file of the node's state."""
    secret = "hunter2-" + os.urandom(8).hex()
    asked = "read -rsp pass''word: given; echo ${#given} signs\n"
    told = terminal(
        "t = Term('h1').until(b'# ')\n"
        f"t.type({asked!r}); t.until(b'password:'); time.sleep(0.3)\n"
        f"t.type({secret + chr(10)!r}); t.until(b' signs\\r'); t.type('exit\\n'); t.until(b'never')\n"
        "print(t.said.decode())"
    )
    assert f"{len(secret)} signs" in told
    kept = {str(file): file.read_bytes() for file in node.place.rglob("*") if file.is_file()}
    assert any(b"SQLite format 3" in content[:16] for content in kept.values())
    redis = node.python(
        "redis = streams.redis()\n"
        "ways = {b'string': redis.get, b'hash': redis.hgetall, b'set': redis.smembers, b'stream': redis.xrange,\n"
        "        b'list': lambda key: redis.lrange(key, 0, -1), b'zset': lambda key: redis.zrange(key, 0, -1),\n"
        "        b'none': lambda key: 'gone meanwhile'}\n"
        "for key in redis.scan_iter(count=500): print(key, ways[redis.type(key)](key))"
    )
    assert "terminal" in redis, "the walk saw no key of a terminal"
    kept["Redis"] = redis.encode()
    assert [where for where, content in kept.items() if secret.encode() in content] == []


def test_a_place_that_is_not_there_is_said(terminal):
    assert "no" in terminal("t = Term('h1/nosuch').until(b'never'); print(t.why.decode())")


def test_a_killed_relay_leaves_no_shell_and_says_why(node, terminal, sandbox):
    terminal("t = Term('h1').until(b'# '); print(t.id)")
    node.stop("relay", signal.SIGKILL)
    node.start_relay()
    until = time.monotonic() + 60
    while "bash -l" in node.tell("exec", sandbox, "h1", "--", "ps", "ax", "-o", "args")["stdout"]:
        assert time.monotonic() < until, node.logs()
        time.sleep(0.3)
    told = node.python(f"print(streams.redis().hvals(events.terminals_key({sandbox!r})))")
    assert '"open":true' not in told
    assert "restarted" in told


def test_what_happens_is_told_with_its_cause(node, sandbox):
    last = node.tell("events", sandbox)["last"]
    node.tell("exec", sandbox, "h1", "--", "docker", "network", "create", "mine")
    until = time.monotonic() + 60
    while True:
        events = node.tell("events", sandbox, "--since", str(last))["events"]
        texts = [event["text"] for event in events if event["type"] == "happened"]
        if "network mine created" in texts and any("br-" in text for text in texts):
            break
        assert time.monotonic() < until, texts
    assert [event["number"] for event in events] == list(range(last + 1, last + 1 + len(events)))
