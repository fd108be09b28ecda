"""The grid of one host with two networks: exactly the cells one gets by typing ping in each place."""

import pytest

from tests.engine.stack import bare, node

__all__ = ["bare", "node"]
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

SETUP = (
    "docker network create town && docker network create village"
    " && docker run -d --name web --network town box && docker run -d --name shop --network town box"
    " && docker run -d --name db --network village box && docker run -d --name alone --network none box"
)
HERE = {"h1", "outside"}
TOWN = {"h1/web", "h1/shop"}


def expected(source, target):
    """(by address, by name)"""
    if "h1/alone" in (source, target):
        return (False, False)
    if target in HERE:
        return (True, True)  # a host and a machine of the LAN have names everywhere, and whoever has a gateway gets there
    if source == "h1":
        return (True, False)
    if {source, target} <= TOWN:
        return (True, True)
    return (False, False)


@pytest.mark.parametrize("engine", ["26", "28"])
def test_two_networks(node, engine):
    sandbox = node.tell("open", "--engine", engine)["id"]
    try:
        done = node.tell("exec", sandbox, "h1", "--", "sh", "-c", SETUP)
        assert done["status"] == 0, done
        grid = node.tell("reach", sandbox)
        got = {
            (cell["source"], cell["target"]): tuple(cell[how]["outcome"] == "answered" for how in ("by_address", "by_name"))
            for cell in grid["cells"]
        }
        places = ["h1", "h1/alone", "h1/db", "h1/shop", "h1/web", "outside"]
        assert sorted(grid["places"]) == places
        assert got == {(a, b): expected(a, b) for a in places for b in places if a != b}
        assert grid["seconds"] < 15
        typed = node.tell("exec", sandbox, "h1/web", "--", "ping", "-c1", "-W1", "shop")
        assert typed["status"] == 0
        typed = node.tell("exec", sandbox, "h1/web", "--", "ping", "-c1", "-W1", "db")
        assert typed["status"] != 0
        whys = {cell["target"]: cell["by_address"]["why"] for cell in grid["cells"] if cell["source"] == "h1/web"}
        assert "different bridges" in whys["h1/db"]
        assert "both are on town" in whys["h1/shop"]
    finally:
        node.tell("close", sandbox)
