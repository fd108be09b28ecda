"""Sandboxes on an engine in memory: made, found again, renewed, taken down; and engines that get in the way."""

from __future__ import annotations

import json
import os
import time

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.errors import HostError, NodeError, NoRoom
from explorer.lab.hosts import lans, lifecycle
from explorer.network.scenario import SCENARIOS, Scenario, StartContainer
from tests.lab.memory_engine import MemoryEngine

ONE, TWO = SCENARIOS["one-host"], SCENARIOS["two-hosts"]


@pytest.fixture
def opened(config, engine):
    """Opens sandbox `s`; the phases it said are in `opened.said`."""

    class Opened:
        said: list[tuple[str, str]] = []

        def __call__(self, scenario=ONE, generation=1, seconds=600.0, name="s", version="26"):
            self.said = []
            ends = time.time() + seconds
            return lifecycle.open_sandbox(config, name, generation, scenario, ends, self.say, version)

        def say(self, phase, detail):
            self.said.append((phase, detail))

    return Opened()


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Waiting takes no time, but it is time that passes."""
    clock = [time.monotonic()]

    class Hurried:
        time = staticmethod(time.time)
        monotonic = staticmethod(lambda: clock[0])

        @staticmethod
        def sleep(seconds):
            clock[0] += seconds

    monkeypatch.setattr(lifecycle, "time", Hurried)


# --- opening ---
def test_a_sandbox_is_made_in_phases_and_tells_where_everybody_is(opened, engine):
    facts = opened()
    assert [phase for phase, _ in opened.said] == ["reserved", "starting host", "loading images", "building scenario", "ready"]
    assert facts["subnet"] == "10.77.0.0/24"
    assert facts["hosts"]["h1"]["address"] == "10.77.0.11"
    assert facts["hosts"]["h1"]["engine"] == "26.1.5"
    assert facts["machines"]["outside"]["addresses"] == {"lan": "10.77.0.100"}
    assert {one["Name"] for one in engine.containers.values()} == {"/x-units-s-h1", "/x-units-s-outside"}
    assert all(one["State"]["Running"] for one in engine.containers.values())


def test_everything_carries_the_labels_by_which_it_is_found(opened, engine, config):
    opened(generation=3)
    things = [*engine.networks.values(), *(one["Config"] for one in engine.containers.values())]
    for thing in things:
        assert thing["Labels"]["explorer.install"] == "units"
        assert thing["Labels"]["explorer.sandbox"] == "s"
        assert thing["Labels"]["explorer.generation"] == "3"
        assert float(thing["Labels"]["explorer.expires"]) > time.time()
    assert lans.read_expiry(config, "s") == pytest.approx(time.time() + 600, abs=60)


def test_a_host_has_rights_of_its_own_and_a_machine_hardly_any(opened, engine):
    opened()
    rights = {one["Config"]["Hostname"]: one["HostConfig"] for one in engine.containers.values()}
    assert set(rights["h1"]["CapAdd"]) == {"SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"}
    assert not any(one.get("Privileged") for one in rights.values())
    assert rights["outside"]["CapAdd"] == ["NET_ADMIN"]
    assert "no-new-privileges" in rights["outside"]["SecurityOpt"]


def test_the_lan_leads_nowhere_else(opened, engine):
    opened()
    assert [one["Internal"] for one in engine.networks.values()] == [True]


def test_opening_what_stands_makes_nothing_new(opened, engine, config):
    facts = opened()
    before = engine.made("containers")
    assert opened(seconds=9000) == facts
    assert engine.made("containers") == before
    assert opened.said == [("ready", "")]
    assert lans.read_expiry(config, "s") == pytest.approx(time.time() + 9000, abs=60), "and it lives longer"


def test_another_generation_takes_the_place_of_the_first(opened, engine):
    first = opened()
    second = opened(generation=2)
    assert first["hosts"]["h1"]["container"] not in engine.containers
    assert second["hosts"]["h1"]["container"] in engine.containers
    assert {one["Config"]["Labels"]["explorer.generation"] for one in engine.containers.values()} == {"2"}


@pytest.mark.parametrize("kind", ["containers", "networks"])
def test_what_is_not_whole_is_made_anew(opened, engine, kind):
    opened()
    getattr(engine, kind).popitem()
    facts = opened()
    assert ("reserved", "") in opened.said
    assert facts["hosts"]["h1"]["container"] in engine.containers


def test_a_version_this_node_does_not_have_is_refused_before_anything_is_made(opened, engine):
    with pytest.raises(NodeError, match="no hosts with Docker Engine 99"):
        opened(version="99")
    assert engine.holds == 0


# --- what goes wrong on the way ---
def test_of_two_hosts_the_one_that_did_not_start_is_named_and_nothing_stays(opened, engine):
    engine.trouble[r"POST /containers/[^/]+/start"] = [(500, "no such device")] * 3
    with pytest.raises(NodeError, match=r"^h1 did not start\. h2 and outside were taken down again\.$") as caught:
        opened(TWO)
    assert "no such device" in caught.value.detail
    assert engine.holds == 0


def test_a_host_whose_daemon_never_answers_is_given_up(opened, engine):
    engine.say = lambda host, words: (1, b"not yet")
    with pytest.raises(NodeError, match=r"^h1 did not start") as caught:
        opened()
    assert "not yet" in caught.value.detail
    assert engine.holds == 0


@pytest.mark.parametrize("said", [b"", b"no JSON", b"[1]", b"{}", b"7", b'{"Version"', b"\xff\xfe"])
def test_a_daemon_that_answers_nonsense_has_not_started(config, engine, opened, said):
    facts = opened()
    engine.say = lambda host, words: (0, said)
    with pytest.raises(HostError, match="did not start"):
        lifecycle.wait_host(config, facts["hosts"]["h1"]["container"])


def test_a_daemon_that_needs_its_time_gets_it(config, engine, opened):
    facts = opened()
    answers = [(1, b"no"), (0, b"{"), (0, b'{"Version": "28.5.2"}')]
    engine.say = lambda host, words: answers.pop(0)
    assert lifecycle.wait_host(config, facts["hosts"]["h1"]["container"]) == "28.5.2"


def test_a_version_without_end_is_cut(config, engine, opened):
    facts = opened()
    engine.say = lambda host, words: (0, json.dumps({"Version": "9" * 5000}).encode())
    assert lifecycle.wait_host(config, facts["hosts"]["h1"]["container"]) == "9" * 40


def test_a_scenario_that_cannot_be_built_takes_the_sandbox_with_it(opened, engine):
    engine.say = lambda host, words: (1, b"no such image") if words[:2] == ["docker", "run"] else (0, b'{"Version": "26"}')
    broken = Scenario(name="x", summary="", containers=(StartContainer(host="h1", name="web"),))
    with pytest.raises(HostError, match="no such image"):
        opened(broken)
    assert engine.holds == 0


def test_a_node_without_a_lan_left_says_so(opened, engine, monkeypatch):
    monkeypatch.setattr(lans, "LAN_NETWORK", "10.77.0.0/24")
    opened(name="first")
    with pytest.raises(NoRoom):
        opened(name="second")
    assert {one["Config"]["Labels"]["explorer.sandbox"] for one in engine.containers.values()} == {"first"}


# --- closing ---
def test_closing_takes_everything_of_this_sandbox_and_nothing_of_another(opened, engine, config):
    opened(name="a")
    opened(name="b")
    before = engine.holds
    assert lifecycle.close_sandbox(config, "a") == before // 2
    assert engine.holds == before - before // 2
    assert lans.read_expiry(config, "a") is None
    assert lans.read_expiry(config, "b") is not None
    assert lifecycle.close_sandbox(config, "a") == 0, "already gone is success"


def test_closing_one_generation_leaves_the_time_of_another_and_none_without(opened, engine, config):
    opened(generation=1)
    assert lifecycle.close_sandbox(config, "s", 9) == 0
    assert lans.read_expiry(config, "s") is not None
    assert lifecycle.close_sandbox(config, "s", 1) > 0
    assert lans.read_expiry(config, "s") is None


def test_a_time_that_a_killed_process_left_is_forgotten_after_a_while(opened, engine, config):
    opened(name="a")
    for name in ("left", "young"):
        lans.write_expiry(config, name, time.time() + 600)
    long_ago = time.time() - lifecycle.LONE_SECONDS - 1
    for name in ("a", "left"):
        os.utime(lans.expiry_dir(config, name), (long_ago, long_ago))
    lifecycle.end_overdue(config)
    assert [lans.read_expiry(config, name) is None for name in ("a", "left", "young")] == [False, True, False]


def test_everything_closes(opened, engine, config):
    opened(name="a")
    opened(name="b")
    assert lifecycle.close_everything(config) > 0
    assert engine.holds == 0
    assert lifecycle.list_sandboxes(config) == []
    assert lans.read_expiry(config, "a") is None


def test_what_is_in_use_is_asked_for_again(opened, engine, config):
    opened()
    engine.trouble[r"DELETE /networks/[^/]+"] = [(403, "has active endpoints"), (409, "removal in progress")]
    assert lifecycle.close_sandbox(config, "s") > 0
    assert engine.holds == 0


def test_what_somebody_else_removed_meanwhile_is_no_trouble(opened, engine, config):
    opened()
    engine.trouble[r"DELETE /.*"] = [(404, "no such thing")] * 9
    assert lifecycle.close_sandbox(config, "s") == 0


def test_an_engine_that_does_not_let_go_is_said_in_the_end(opened, engine, config):
    opened()
    engine.trouble[r"DELETE /volumes/.*"] = [(409, "volume is in use")] * 1000
    with pytest.raises(NodeError, match="does not let go"):
        lifecycle.close_sandbox(config, "s")


def test_another_refusal_is_not_tried_a_hundred_times(opened, engine, config):
    opened()
    engine.trouble[r"DELETE /volumes/.*"] = [(500, "input/output error")] * 1000
    with pytest.raises(NodeError, match="engine failed"):
        lifecycle.close_sandbox(config, "s")
    assert sum(one.startswith("DELETE /volumes") for one in engine.asked) == 1


# --- what stands ---
def test_every_generation_of_every_sandbox_is_listed_by_labels(opened, engine, config):
    opened(TWO, name="b", generation=4)
    opened(name="a", seconds=60)
    found = {(one.sandbox, one.generation): one for one in lifecycle.list_sandboxes(config)}
    assert list(found) == [("a", 1), ("b", 4)]
    assert (found["a", 1].running, found["b", 4].running) == (1, 2), "hosts, not machines"
    assert found["a", 1].objects == 2 + 1 + 1, "containers, a LAN, a volume"
    assert found["a", 1].expires_at == pytest.approx(time.time() + 60, abs=30)


def test_labels_of_nonsense_are_no_sandbox(engine, config):
    for number, labels in enumerate(({}, {"explorer.sandbox": "s"}, {"explorer.sandbox": "s", "explorer.generation": "x"})):
        engine.volumes[str(number)] = {"Name": str(number), "Labels": {"explorer.install": "units"} | labels}
    engine.volumes["none"] = {"Name": "none", "Labels": {"explorer.install": "other"}}
    assert lifecycle.list_sandboxes(config) == []


def test_without_its_file_a_sandbox_ends_when_its_label_says(opened, engine, config):
    opened(seconds=60)
    lans.forget_expiry(config, "s")
    (found,) = lifecycle.list_sandboxes(config)
    assert found.expires_at == pytest.approx(time.time() + 60, abs=30)


def test_only_what_is_long_overdue_is_ended_from_outside(opened, engine, config):
    opened(name="late", seconds=-lifecycle.LATE_SECONDS - 60)
    opened(name="just-over", seconds=-lifecycle.LATE_SECONDS + 25)
    opened(name="living")
    assert lifecycle.end_overdue(config) == ["late"]
    assert {one.sandbox for one in lifecycle.list_sandboxes(config)} == {"just-over", "living"}


def test_one_that_cannot_be_removed_yet_does_not_keep_others_that_are_overdue(opened, config, monkeypatch):
    for name in ("a-large-one", "late"):
        opened(name=name, seconds=-lifecycle.LATE_SECONDS - 60)
    close = lifecycle.close_sandbox

    def large(config, sandbox, generation=None):
        if sandbox == "a-large-one":
            raise NodeError("A part of a sandbox is so large that it is removed in several steps.")
        return close(config, sandbox, generation)

    monkeypatch.setattr(lifecycle, "close_sandbox", large)
    assert lifecycle.end_overdue(config) == ["late"]
    with pytest.raises(NodeError, match="in several steps"):
        lifecycle.end_overdue(config)


def test_a_sandbox_that_was_extended_is_not_overdue(opened, config):
    opened(seconds=-3600)
    lifecycle.extend_sandbox(config, "s", time.time() + 60)
    assert lifecycle.end_overdue(config) == []


def test_names_in_a_sentence():
    assert [lifecycle._list(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_how_many_fit_is_what_was_set(config: LabConfig, engine: MemoryEngine):
    assert lifecycle.capacity(LabConfig("t", "n", config.engine_dir, config.run_dir, config.cache_dir, capacity=7)) == 7
    assert lifecycle.engines(config) == ("26",)
