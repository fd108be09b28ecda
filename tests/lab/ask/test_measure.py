"""Measuring over this machine's own loopback: the program, its bounds, and ends that misbehave."""

import socket
import threading
import time
from contextlib import suppress
from typing import Any, cast

import pytest

from explorer.lab.ask import measure as measuring
from explorer.lab.ask.measure import is_due, measure, spread
from explorer.network.model import Address, Interface, Measured, Observation, Place, Road
from tests.attacks import attack


class Here:
    """A namespace that is this process's own."""

    def socket(self, family, kind, protocol=0):
        return socket.socket(family, kind, protocol)


def lo():
    address = Address(cidr="127.0.0.1/8", family="inet")
    return Interface(key="lo", index=1, name="lo", kind="loopback", mtu=65536, state="UNKNOWN", addresses=(address,))


PLACES = {"h1": Place(id="h1", kind="host", name="h1", views={"interfaces": Observation(command="", items=(lo(),))})}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def road(name="one", port=0, listen=0, **more):
    port = port or free_port()
    return Road.model_validate(
        {"id": name, "title": name, "source": "h1", "target": "h1", "at": "h1", "port": port, "listen": listen or port} | more
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(measuring, "ROUNDS", 3)
    monkeypatch.setattr(measuring, "SECONDS", 0.02)
    monkeypatch.setattr(measuring, "LIFE", 3)


async def measured(*roads, find=lambda name: Here()):
    return await measure(roads, find, PLACES)


async def test_every_round_of_every_road_is_measured():
    found = await measured(road("one"), road("two"))
    assert found.error == ""
    assert [one.road.id for one in found.roads] == ["one", "two"]
    for one in found.roads:
        assert one.trips.samples == 3 * (measuring.TRIPS - measuring.WARM)
        assert one.rates.samples == len(one.by_round) == 3
        assert 0 < one.trips.low <= one.trips.median <= one.trips.high
        assert 0 < one.rates.low <= one.rates.median <= one.rates.high


async def test_bytes_are_bounded(monkeypatch):
    monkeypatch.setattr(measuring, "SECONDS", 60.0)
    monkeypatch.setattr(measuring, "BYTES", 1024 * 1024)
    assert (await measured(road(), road("two"))).error == "", "its life would be over long before its seconds"


async def test_a_place_that_is_not_there():
    found = await measured(road(), find=lambda name: None)
    assert (found.error, found.roads) == ("h1 is not there.", ())


async def test_a_place_without_an_address():
    assert (await measured(road(at="nobody"))).error == "nobody has no address."


async def test_a_port_in_use_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert (
            await measured(road(port=port))
        ).error == f"Port {port} in h1 cannot be used for measuring: Address already in use."


async def test_a_road_that_leads_nowhere():
    assert "no connection to 127.0.0.1 port" in (await measured(road(port=free_port(), listen=free_port()))).error


@pytest.fixture
def stranger():
    """Somebody who answers where the road leads; told what to say to each caller."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        saying: list[bytes] = []

        def serve():
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller:
                    for words in saying:
                        caller.sendall(words)
                        caller.shutdown(socket.SHUT_WR)
                        with suppress(ConnectionResetError):
                            while caller.recv(4096):  # a close with bytes unread would be a reset
                                pass
                    if not saying:
                        time.sleep(4)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], saying
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("words", "error"), [(b"x" * 4096, "somebody else answers there"), (b"short", "closed half-way"), (b"", "closed half-way")]
)
async def test_somebody_else_at_the_end_of_the_road(stranger, words, error):
    port, saying = stranger
    saying.append(words)
    found = await measured(road(port=port, listen=free_port()))
    assert found.roads == ()
    assert error in found.error


@attack("a measurement's other end that never answers", origin="LAN", expected="contained", held_by="a fixed time")
async def test_somebody_who_never_answers_is_given_up(stranger):
    port, _ = stranger
    assert "no answer in time" in (await measured(road(port=port, listen=free_port()))).error


@attack("a connection to a measurement of somebody else's", origin="LAN", expected="refused", held_by="a secret token")
async def test_a_caller_without_the_token_does_not_disturb():
    port = free_port()

    def intrude():
        for _ in range(20):
            try:
                with socket.create_connection(("127.0.0.1", port), 0.1) as caller:
                    caller.sendall(b"GET / HTTP/1.1\r\n\r\n")
            except OSError:
                time.sleep(0.005)

    threading.Thread(target=intrude, daemon=True).start()
    assert (await measured(road(port=port), road("two"))).error == ""


def test_figures_stay_and_trouble_is_tried_again():
    now = time.time()
    assert is_due(None)
    assert not is_due(Measured(at=now - 3600))
    assert not is_due(Measured(error="no", at=now))
    assert is_due(Measured(error="no", at=now - 60))


def test_a_spread_is_of_sorted_samples():
    found = spread([float(n) for n in range(100, 0, -1)], 0.95)
    assert (found.low, found.median, found.high, found.samples) == (1.0, 50.5, 96.0, 100)
    assert spread([3.0, 1.0], 1.0).high == 3.0


@pytest.mark.parametrize("said", [b"", b"nonsense", b'{"roads": []}', b'{"error": "the sky fell"}'])
def test_a_program_that_says_nothing_useful(said):
    with pytest.raises(measuring.NoRoad):
        measuring.read_figures(said, 2, 3)


async def test_round_trips_alone_and_many_of_them_come_back_whole(monkeypatch):
    """More than a pipe holds at once; and where no bytes were pushed there is no rate."""
    monkeypatch.setattr(measuring, "LIFE", 20)
    effort = measuring.Effort(rounds=12, trips=510, warm=10, seconds=0, bytes=0)
    found = await measure([road("one"), road("two", at="127.0.0.1")], cast(Any, lambda name: Here()), PLACES, effort)
    assert found.error == ""
    for one in found.roads:
        assert one.trips.samples == 6_000
        assert one.rates is None
        assert len(one.by_round) == 12


async def test_an_address_that_is_none_is_no_road():
    found = await measured(road(at="somewhere else"))
    assert found.error == "somewhere else has no address."
