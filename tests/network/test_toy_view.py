"""A view from the tests' folder, added with one row and one reader: it is read, kept and owned, and nowhere listed again."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, cast

import pytest

from explorer.lab.inside.netlink import route_notices
from explorer.lab.inside.tools import Output
from explorer.lab.watch import namespace
from explorer.lab.watch.namespace import Watch
from explorer.network import views
from explorer.network.added import everything
from explorer.network.comparison.host import views_of
from explorer.network.explain import explain
from explorer.network.model import Line, Observation, Place, Snapshot
from explorer.network.since import Since
from explorer.network.views import VIEWS, stale_after
from tests.lab.inside.test_netlink import message
from tests.toys import policies

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _added(monkeypatch):
    monkeypatch.setitem(VIEWS, policies.NAME, policies.ROW)


def host(text: str) -> Place:
    return Place(id="h1", kind="host", name="h1", netns=7, since=1.0, views={policies.NAME: policies.read_policies(text)})


class Namespaced:
    """A namespace of which only its number is asked."""

    fd, pid = -1, 0


async def test_the_observer_runs_its_command_and_reads_what_it_prints(monkeypatch):
    ran = {}

    async def print_it(fd, commands, account):
        ran.update(commands)
        return {name: Output(text=policies.CAPTURE if name == "ip rule" else "") for name in commands}

    monkeypatch.setattr(namespace, "run_tools", print_it)
    watch = Watch(cast(Any, Namespaced()), room=lambda: 1000, changed=lambda: None, moved=lambda: None)
    await watch._read(set(views.commands()))
    assert ran["ip rule"] == ("ip", "rule")
    assert [line.key for line in watch.views[policies.NAME].lines] == ["policy:0", "policy:100", "policy:32766"]


def test_a_notification_of_the_kernel_makes_it_stale():
    assert policies.NAME in stale_after(route_notices(message(24)))
    assert policies.NAME not in stale_after(route_notices(message(28)))


def test_since_when_each_of_its_lines_is_there_is_remembered():
    since = Since()
    before = since.mark_place(None, host(policies.CAPTURE), 100.0)
    marked = since.mark_place(before, host(policies.CAPTURE + "200:\tfrom all lookup new\n"), 160.0)
    assert marked.views[policies.NAME].since == {"policy:200": 160.0}


def test_each_line_can_say_why_it_is_there():
    place = host(policies.CAPTURE)
    told = explain(place, policies.NAME, place.views[policies.NAME], None)
    assert [line.text for line in told.lines] == policies.CAPTURE.splitlines()


def test_its_lines_belong_to_somebody():
    line = Line(text="100:\tfrom 172.17.0.0/16 lookup town", key="policy:100", about=("network:town",))
    place = host("").model_copy(update={"views": {policies.NAME: Observation(command="ip rule", lines=(line,))}})
    found = everything(Snapshot(sandbox="s", generation=1, at=1.0, places={"h1": place}), "h1")
    assert [(entry.kind, entry.owner) for entry in found] == [(policies.NAME, "network:town")]


def test_a_comparison_keeps_it_because_it_lasts():
    assert list(views_of(host(policies.CAPTURE))) == [policies.NAME]
    assert policies.NAME in views.kept()


# --- nowhere is there a second list of views ----------------------------------------------------------------------------

MANY = 4  # names of views in one list make it a list of views
ELSEWHERE = {
    "explorer/node/relay/telling.py": "what the program of a third-party driver can have done",
    "explorer/network/comparison/aligned.py": "the questions of a comparison, each about one view of one place",
}
_BRACKETS = re.compile(r"\[[^\[\]]*\]|\{[^{}]*\}|Set\(\s*\[[^\]]*\]")


def lists_in_python(text: str):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            yield {one.value for one in node.elts if isinstance(one, ast.Constant)}
        elif isinstance(node, ast.Dict):
            yield {one.value for one in node.keys if isinstance(one, ast.Constant)}


def lists_in_script(text: str):
    """Words in one pair of brackets, and words that begin a line of several rows below one another."""
    for found in _BRACKETS.findall(text):
        yield set(re.findall(r'"([a-z-]+)"', found)) | set(re.findall(r"\b([a-z]+):", found))
    yield set(re.findall(r'^\s*[\[{](?:\s*\w+:)?\s*"([a-z-]+)"', text, re.M))


def is_list_of_views(words) -> bool:
    return len(words & VIEWS.keys()) >= MANY


def test_no_python_file_lists_the_views_again():
    files = [path for path in (ROOT / "explorer").rglob("*.py") if path.name != "views.py"]
    named = {str(path.relative_to(ROOT)) for path in files if any(map(is_list_of_views, lists_in_python(path.read_text())))}
    assert named == ELSEWHERE.keys()


def test_no_script_of_the_page_lists_the_views_again():
    files = (ROOT / "static" / "js").rglob("*.js")
    assert [path.name for path in files if any(map(is_list_of_views, lists_in_script(path.read_text())))] == []


@pytest.mark.parametrize(
    "text",
    [
        'const KINDS = ["interfaces", "routes", "nat", "filter"];',
        'const KINDS = [\n  ["interfaces", "Interfaces"],\n  ["routes", "R"],\n  ["nat", "N"],\n  ["fdb", "F"],\n];',
        "const TITLES = {\n  nat: 1,\n  filter: 2,\n  raw: 3,\n  fdb: 4,\n};",
        'const TABS = [\n  { id: "interfaces", views: [] },\n  { id: "routes" },\n  { id: "nat" },\n  { id: "fdb" },\n];',
        'const PASSING = new Set(["connections", "neighbours", "frames", "requests"]);',
    ],
)
def test_a_list_of_views_in_a_script_would_be_found(text):
    assert any(map(is_list_of_views, lists_in_script(text)))


def test_a_list_of_views_in_python_would_be_found():
    assert any(map(is_list_of_views, lists_in_python('KINDS = ("interfaces", "routes", "nat", "fdb")')))
    assert any(map(is_list_of_views, lists_in_python('TITLES = {"interfaces": 1, "routes": 2, "nat": 3, "fdb": 4}')))
