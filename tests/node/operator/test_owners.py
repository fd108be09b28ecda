"""`manage.py sandbox added` asks by a learner's words."""

import json
from pathlib import Path

import pytest

from explorer.network.model import Snapshot
from explorer.node.operator.owners import NotThere, as_text, tell

TOLD = json.loads((Path(__file__).parents[2] / "web" / "js" / "added.json").read_text())
SNAPSHOT = Snapshot.model_validate(TOLD["snapshot"])
H2 = SNAPSHOT.places["h1"].model_copy(update={"id": "h2", "host": "h2", "name": "h2"})
TWO = SNAPSHOT.model_copy(update={"places": {**SNAPSHOT.places, "h2": H2}})


@pytest.mark.parametrize("asked", ["h1/web", "web", "container:web", "h1/container:web"])
def test_a_container_by_any_of_its_names(asked):
    found = tell(SNAPSHOT, asked)
    assert (found["host"], found["owner"], found["watched"], found["count"]) == ("h1", "container:web", True, 7)
    assert "option:publish" in as_text(found)
    assert "cause unknown" in as_text(found)


def test_a_network_and_the_engine_itself():
    assert tell(SNAPSHOT, "network:town")["others"] == [{"owner": "container:web", "detail": "", "count": 4}]
    assert tell(SNAPSHOT, "daemon")["count"] == 1


def test_a_host_is_everybody_on_it():
    found = tell(SNAPSHOT, "h1")
    assert [one["owner"] for one in found["owners"]][:3] == ["project:shop", "network:bridge", "network:town"]
    assert as_text(found).splitlines()[2].split()[:4] == ["4", "network:town", "driver", "bridge,"]


def test_one_that_was_removed():
    found = tell(SNAPSHOT, "container:near")
    assert [entry["key"] for entry in found["left"]] == ["rule:4"]
    assert as_text(found).startswith("container:near was removed; of 2 things seen of it on h1, 1 are left.")


def test_where_two_hosts_have_it_one_must_be_named():
    with pytest.raises(NotThere, match="there are h1, h2"):
        tell(TWO, "daemon")
    assert tell(TWO, "h2/daemon")["host"] == "h2"
    assert tell(TWO, "network:far")["host"] == "h1"


@pytest.mark.parametrize("asked", ["nobody", "h1/nobody", "network:nobody", "", "h1/", ":", "/"])
def test_what_is_not_there_is_said(asked):
    with pytest.raises(NotThere):
        tell(SNAPSHOT, asked)
    with pytest.raises(NotThere):
        tell(Snapshot(sandbox="x"), asked)
