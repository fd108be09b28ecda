"""A capture over HTTP: its learner gets the file and each frame's layers, everybody else the answer for what does not exist."""

import io

import dpkt
import pytest

from explorer.network.packets.captured import Frame
from explorer.sandboxes.events import CaptureFacts, capture_key, captures_key
from tests.network.test_captured import PING
from tests.redis_fixture import *  # noqa: F403


@pytest.fixture
def capture(sandbox, redis):
    facts = CaptureFacts(id="c1", place='h1/<b>"web"\r\n', interface="eth0", running=False, kept=150, left_out=7)
    redis.hset(captures_key(sandbox.pk), "c1", facts.model_dump_json())
    for number in range(1, 151):
        frame = Frame(number, "in", len(PING), PING)
        redis.xadd(capture_key(sandbox.pk, "c1"), {"f": frame.pack()}, id=f"{number}-0")
    return f"/sandboxes/{sandbox.pk}/captures/c1/"


def test_download_is_a_pcapng_file_under_a_harmless_name(adas, capture):
    response = adas.get(capture)
    assert response["Content-Disposition"] == 'attachment; filename="h1-b-web-eth0.pcapng"'
    frames = list(dpkt.pcapng.Reader(io.BytesIO(response.content)))
    assert [bytes(data) for _, data in frames] == [PING] * 150


def test_a_frame_is_its_layers_beside_its_bytes(adas, capture):
    told = adas.get(f"{capture}150/").json()
    assert told["bytes"] == PING.hex()
    assert [layer["protocol"] for layer in told["layers"]][:3] == ["Ethernet", "IPv4", "ICMP"]


@pytest.mark.parametrize("path", ["0/", "151/", "99999999999999999999/"])
def test_a_frame_that_is_not_there_is_not_found(adas, capture, path):
    assert adas.get(capture + path).status_code == 404


def test_nobody_else_gets_it(bens, strangers, capture):
    for other in (bens, strangers):
        assert other.get(capture).status_code == 404
        assert other.get(f"{capture}1/").status_code == 404


def test_an_unknown_one_is_not_found(adas, sandbox, redis):
    assert adas.get(f"/sandboxes/{sandbox.pk}/captures/c9/").status_code == 404


def test_it_is_only_read(adas, capture):
    assert adas.post(capture).status_code == 405
