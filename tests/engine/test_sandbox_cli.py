"""`manage.py sandbox …` against a real engine: with nothing but the engine, then with worker and relay."""

import json
import signal
import time

import pytest

from tests.engine.stack import bare, node

__all__ = ["bare", "node"]
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def alone(bare):
    """A sandbox opened with an engine and nothing else."""
    return bare.tell("open")


@pytest.fixture(scope="module")
def opened(node, alone):
    return node.tell("open", "--hosts", "2")


def test_open_says_what_was_made(alone):
    assert set(alone) >= {"id", "hosts", "machines", "seconds"}
    assert list(alone["hosts"]) == ["h1"]
    assert alone["hosts"]["h1"]["address"].startswith("10.77.")
    assert list(alone["machines"]) == ["outside"]


def test_exec_streams_and_returns_the_commands_status(bare, alone):
    done = bare.manage("sandbox", "exec", alone["id"], "h1", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")


def test_exec_hands_on_what_is_piped(bare, alone):
    done = bare.manage("sandbox", "exec", alone["id"], "h1", "--", "wc", "-c", stdin="x" * 5000)
    assert done.stdout.strip() == "5000"


def test_a_published_port_is_reached_from_outside(bare, alone):
    sandbox = alone["id"]
    ran = bare.tell("exec", sandbox, "h1", "--", "docker", "run", "-d", "--name", "web", "-p", "8080:80", "box")
    assert ran["status"] == 0
    asked = bare.tell("exec", sandbox, "outside", "--", "curl", "-s", "--retry", "3", "http://h1:8080/")
    assert alone["machines"]["outside"]["address"] in asked["stdout"]
    inside = bare.tell("exec", sandbox, "h1/web", "--", "hostname", "-i")
    assert inside["stdout"].strip() == "172.17.0.2"


def test_a_snapshot_without_a_relay_is_text_and_typed(bare, alone):
    places = bare.tell("snapshot", alone["id"])["places"]
    assert set(places) >= {"h1", "h1/web", "outside"}
    nat = places["h1"]["views"]["nat"]
    assert any("DNAT" in line["text"] for line in nat["lines"])
    assert any(item.get("target") == "DNAT" and item["to_destination"] == "172.17.0.2:80" for item in nat["items"])


def test_events_were_kept(bare, alone):
    told = bare.tell("events", alone["id"])
    phases = [event["phase"] for event in told["events"] if event["type"] == "sandbox_changed"]
    assert phases[-1] == "ready"
    assert "starting host" in phases
    assert [event["number"] for event in told["events"]] == list(range(1, told["last"] + 1))


def test_a_place_that_is_not_there(bare, alone):
    done = bare.manage("sandbox", "exec", alone["id"], "h9", "--", "true")
    assert done.returncode == 1
    assert "h9" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_sandbox_is_one_json_object_too(bare):
    done = bare.manage("sandbox", "reset", "--json", "nosuch")
    assert done.returncode == 1
    assert "no sandbox" in json.loads(done.stdout)["error"]


# --- with worker and relay -----------------------------------------------------------------------------------------


def test_open_through_the_worker(opened):
    assert list(opened["hosts"]) == ["h1", "h2"]
    assert opened["generation"] == 1


def test_the_relay_tells_what_happens(node, opened):
    last = node.tell("events", opened["id"])["last"]
    node.tell("exec", opened["id"], "h1", "--", "ip", "link", "add", f"seen{last}", "type", "bridge")
    until = time.monotonic() + 60
    while not any(shows_new(event, f"seen{last}") for event in events_since(node, opened, last)):
        assert time.monotonic() < until, events_since(node, opened, last)


def events_since(node, opened, number):
    return node.tell("events", opened["id"], "--since", str(number))["events"]


def shows_new(event, name):
    """Whether the event says that h1 has a new interface of this name. A picture of the whole, taken since, says it too."""
    if event["type"] == "snapshot_taken":
        return f'"{name}"' in json.dumps(event["snapshot"]["places"])
    if (event["type"], event.get("place"), event.get("view")) != ("view_changed", "h1", "interfaces"):
        return False
    return any(item["name"] == name and item["key"] in event["added"] for item in event["observation"]["items"])


def test_a_killed_worker_loses_nothing(node):
    sandbox = node.python(
        "import time\n"
        "made = opening.open_sandbox(Learner.objects.create(), opening.Wish(), nodes.read_nodes())\n"
        "while made.phase not in ('starting host', 'loading images'): time.sleep(0.02); made.refresh_from_db()\n"
        "print(made.pk)"
    ).strip()
    node.stop("worker", signal.SIGKILL)
    node.python("Sandbox.objects.filter(state='opening').update(moved_at='2020-01-01T00:00:00Z')")
    node.start_worker()
    until = time.monotonic() + 60
    while (state := node.python(f"print(Sandbox.objects.get(pk={sandbox!r}).state)").strip()) != "ready":
        assert time.monotonic() < until, f"still {state}\n{node.logs()}"
        time.sleep(0.5)
    assert "stood" not in node.tell("close", sandbox)


def test_a_killed_relay_comes_back_with_a_snapshot(node, opened):
    last = node.tell("events", opened["id"])["last"]
    node.stop("relay", signal.SIGKILL)
    node.start_relay()
    until = time.monotonic() + 60
    while True:
        events = node.tell("events", opened["id"], "--since", str(last))["events"]
        if any(event["type"] == "snapshot_taken" for event in events):
            break
        assert time.monotonic() < until, node.logs()


def test_reset_makes_it_new(node, opened):
    node.tell("exec", opened["id"], "h1", "--", "touch", "/root/trace")
    reset = node.tell("reset", opened["id"])
    assert reset["generation"] == 2
    assert node.tell("exec", opened["id"], "h1", "--", "test", "-e", "/root/trace")["status"] == 1
    assert "seen0" not in node.tell("exec", opened["id"], "h1", "--", "ip", "link")["stdout"]


def test_close_all_leaves_nothing(node, opened):
    closed = node.tell("close", "--all")["closed"]
    assert {one["state"] for one in closed} == {"closed"}
    assert node.tell("list")["sandboxes"] == []
    assert (
        node.python(
            "from explorer.lab.hosts import lifecycle\nfrom explorer.node.this_node import lab_config\n"
            "print(lifecycle.list_sandboxes(lab_config()))"
        ).strip()
        == "[]"
    )


def test_without_an_engine_one_clear_sentence(node):
    node.stop("relay")
    node.stop("worker")
    node.stop("engine")
    node.python("Node.objects.update(seen_at='2020-01-01T00:00:00Z')")
    done = node.manage("sandbox", "open", "--json")
    assert done.returncode == 1
    assert "engine" in json.loads(done.stdout)["error"]
    assert "Traceback" not in done.stderr
