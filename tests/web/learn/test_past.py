"""The past of a sandbox over HTTP: for its learner, bounded, read only."""

import pytest

from explorer.network.model import Snapshot
from explorer.sandboxes import streams
from explorer.sandboxes.events import Happened, SnapshotTaken
from explorer.web.learn import past
from tests.redis_fixture import *  # noqa: F403


@pytest.fixture
def url(sandbox, redis):
    streams.publish(redis, sandbox.pk, SnapshotTaken(snapshot=Snapshot(sandbox=sandbox.pk, generation=sandbox.generation)))
    streams.publish(redis, sandbox.pk, Happened(source="docker", text='</script>"\u2028'))
    return f"/sandboxes/{sandbox.pk}/past/"


def test_its_learner_gets_it(adas, url):
    response = adas.get(f"{url}2/")
    assert (response["Content-Type"], response["Cache-Control"]) == ("application/json", "no-store")
    told = response.json()
    assert told["number"] == 1
    assert told["events"][0]["text"] == '</script>"\u2028'


def test_nobody_else_gets_it(bens, strangers, url):
    for other in (bens, strangers):
        assert other.get(f"{url}2/").status_code == 404


@pytest.mark.parametrize("before", ["0/", "x/", "-1/"])
def test_before_the_beginning_there_is_nothing(adas, url, before):
    assert adas.get(url + before).status_code == 404


def test_a_number_beyond_all_is_the_newest(adas, url):
    assert len(adas.get(f"{url}{10**30}/").json()["events"]) == 1


def test_it_is_only_read(adas, url):
    assert adas.post(f"{url}2/").status_code == 405


def test_not_too_often(adas, url, monkeypatch):
    monkeypatch.setattr(past, "TIMES", 2)
    assert [adas.get(f"{url}2/").status_code for _ in range(3)] == [200, 200, 429]


def test_without_redis_it_is_said_whose_it_is(adas, url, monkeypatch):
    def gone(*_):
        raise streams.RedisError

    monkeypatch.setattr(past, "read_past", gone)
    response = adas.get(f"{url}2/")
    assert response.status_code == 503
    assert "ours" in response.json()["error"]
