"""The registry of drivers: every package says all of itself, and one from the tests' folder is found wherever one is asked."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from explorer.lessons.load import load_lessons
from explorer.network import drivers
from explorer.network.comparison import ROWS_BY_KEY, Cell, Column, NoVariant, all_variants, find_variant, ready_sets
from explorer.network.comparison.reasons import BY_WORD, COUNTED, UNEXPLAINED, reason, road
from explorer.network.comparison.roles import roles_of
from explorer.network.comparison.why import why
from explorer.network.drivers import DRIVERS, built_in, find_drivers, in_asking_order, links, network_drivers
from explorer.network.drivers.compared import Transcript
from explorer.network.explain import explain
from explorer.network.journeys.scene import Scene
from explorer.network.layout import Net
from explorer.network.model import (
    Address,
    DockerContainer,
    DockerNetwork,
    DockerState,
    Endpoint,
    Interface,
    Line,
    Observation,
    Place,
    Snapshot,
)
from explorer.network.read import read_addresses
from tests.toys.fixtures import toy, toy_lesson

__all__ = ["toy", "toy_lesson"]
EXPLORER = Path(__file__).parents[2] / "explorer"
STATIC = EXPLORER.parent / "static"
MARKS = ("yes", "no", "partly", "value", "some", "none", "its own", "the host's")


# --- every package --------------------------------------------------------------------------------------------------------


def test_every_package_of_the_folder_is_a_driver():
    folder = Path(drivers.__file__).parent
    packages = {path.parent.name.replace("_", "-") for path in folder.glob("*/__init__.py")}
    assert packages == DRIVERS.keys()


def test_drivers_stand_in_the_order_in_which_people_meet_them():
    assert list(DRIVERS) == ["start", "bridge", "host", "none", "overlay", "macvlan", "ipvlan", "third-party"]


def test_no_two_stand_in_one_place():
    assert len({driver.order for driver in DRIVERS.values()}) == len(DRIVERS)
    places = [place for driver in DRIVERS.values() for place in driver.variants]
    assert len(set(places)) == len(places) == len(all_variants())


def test_who_fits_anything_is_asked_last():
    assert [driver.name for driver in in_asking_order()][-2:] == ["third-party", "bridge"]


@pytest.mark.parametrize("name", DRIVERS)
def test_a_driver_has_a_card_and_a_lesson(name):
    driver = DRIVERS[name]
    assert (driver.name, bool(driver.title), bool(driver.promise)) == (name, True, True)
    assert name in {lesson.driver for lesson in load_lessons().values()}


@pytest.mark.parametrize("name", DRIVERS)
def test_a_picture_is_plain_drawing(name):
    picture = DRIVERS[name].diagram
    assert picture.startswith('<svg class="diagram"')
    assert 'aria-hidden="true"' in picture  # the card says the same in words
    assert not re.search(r"<script|\bhref|\son\w+=|\{[{%]", picture)


@pytest.mark.parametrize("name", [name for name in DRIVERS if name != "start"])
def test_a_driver_can_be_compared_under_its_own_name(name):
    assert all_variants()[name].driver == name
    assert all(one.driver == name for one in DRIVERS[name].variants.values())


@pytest.mark.parametrize("name", DRIVERS)
def test_reasons_are_for_rows_and_answers_that_there_are(name):
    for key in DRIVERS[name].reasons:
        row, _, answer = key.partition(" ")
        assert row in {*ROWS_BY_KEY, "same-host", "from-lan"}, key
        answers = ROWS_BY_KEY[row].answers if row in BY_WORD else ()
        assert answer in ("", *MARKS, *answers), key
        assert (answer in ("some", "none")) <= (row in COUNTED or row in BY_WORD), key


@pytest.mark.parametrize("name", DRIVERS)
def test_a_need_is_found_out_by_one_line(name):
    driver = DRIVERS[name]
    for need in (*driver.needs, *driver.wants, *driver.options.values()):
        assert need.probe
        assert "\n" not in need.probe
    assert all(need.without for need in driver.wants)
    assert all("{}" in need.refusal for need in driver.options.values())


def test_what_is_part_of_docker_engine():
    assert built_in() == {"bridge", "host", "null", "overlay", "macvlan", "ipvlan"}
    assert set(network_drivers()) == built_in() - {"host", "null"}


def test_what_the_map_draws_in_a_role_of_its_own():
    assert (links("child"), links("tunnel")) == ({"macvlan", "ipvlan"}, {"vxlan", "geneve"})


@pytest.mark.parametrize("ready", ready_sets(("26", "28")).values())
def test_a_ready_made_set_holds_variants_that_there_are(ready):
    assert [find_variant(word).id for word in ready.variants] == list(ready.variants)


# --- a toy ----------------------------------------------------------------------------------------------------------------


def test_the_toy_is_found_by_its_folder(toy):
    assert (toy.name, toy.docker) == ("toyvlan", "toyvlan")
    assert find_drivers(drivers) == [driver for driver in DRIVERS.values() if driver is not toy]


NETWORK = DockerNetwork(id="n" * 64, name="green", driver="toyvlan", subnets=("10.9.0.0/24",), gateways=("10.9.0.1",))
CONTAINER = DockerContainer(
    id="c" * 64, name="web", image="box", state="running", endpoints=(Endpoint(network="green", address="10.9.0.2"),)
)
DOCKER = DockerState(host="h1", networks=(NETWORK,), containers=(CONTAINER,))
CARD = Interface(
    key="if:eth0",
    index=7,
    name="eth0",
    kind="toyvlan",
    mac="02:00:00:00:00:07",
    mtu=1400,
    state="UP",
    addresses=(Address(cidr="10.9.0.2/24", family="inet"),),
)
SEEN = Observation(
    command="ip addr",
    lines=(Line(text="7: eth0@if2: <UP>", key="if:eth0"), Line(text="    inet 10.9.0.2/24 scope global eth0", key="if:eth0")),
    items=(CARD,),
)
WEB = Place(id="h1/web", kind="container", host="h1", name="web", netns=8, views={"interfaces": SEEN})
HOST = Place(id="h1", kind="host", host="h1", name="h1", netns=7)
PICTURE = Snapshot(sandbox="s", places={"h1": HOST, "h1/web": WEB}, docker={"h1": DOCKER})


def test_its_lines_say_why_they_are_there(toy):
    card, address = explain(WEB, "interfaces", SEEN, DOCKER).lines
    assert (card.why, card.about) == ("web's green card on network green.", ("container:web", "network:green"))
    assert address.why == "A green address: 10.9.0.2/24."


def test_without_it_the_same_line_says_nothing_of_it():
    assert "green card" not in explain(WEB, "interfaces", SEEN, DOCKER).lines[0].why


def test_it_is_a_driver_of_docker_engine_and_can_be_chosen_in_the_playground(toy):
    assert toy.docker in built_in()
    assert Net(host="h1", name="green", driver="toyvlan").words() == ()


def test_without_it_the_playground_refuses_its_name():
    with pytest.raises(ValueError, match="not a driver: bridge, overlay, macvlan, ipvlan"):
        Net(host="h1", name="green", driver="toyvlan")


def test_its_cards_are_made_out_of_the_hosts(toy):
    assert Scene(dict(PICTURE.places), dict(PICTURE.docker)).is_child(WEB.id, "eth0")
    assert drivers.links_for_page()["toyvlan"] == "child"


def test_its_cards_are_read_with_their_parent_and_mode():
    [card] = read_addresses(
        "7: eth0@if2: <BROADCAST,UP> mtu 1400 qdisc noqueue state UP\n"
        "    link/ether 02:00:00:00:00:07 brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 0\n"
        "    toyvlan mode green numtxqueues 1\n"
    ).items
    assert (card.kind, card.detail) == ("toyvlan", (("link", "if2"), ("mode", "green")))


def test_its_subnet_is_the_lans(toy):
    column = Column(variant=all_variants()["toyvlan"], snapshot=PICTURE)
    assert "10.9.0.1" not in roles_of(column).names  # the LAN's own gateway keeps its address


def test_it_can_be_compared_between_its_neighbours_on_the_page(toy):
    names = list(all_variants())
    assert names.index("macvlan") < names.index("toyvlan") < names.index("ipvlan")
    variant = find_variant("toyvlan@28")
    assert (variant.plugin, variant.network, variant.scenario) == ("toyvlan", "town", "one-host")


def test_without_it_there_is_nothing_to_compare():
    with pytest.raises(NoVariant, match="no 'toyvlan' to compare"):
        find_variant("toyvlan")


def cell(row: str, mark: str = "value", **facts: object) -> Cell:
    return Cell.model_validate({"row": row, "mark": mark, "word": "x", **facts})


def test_its_answers_have_its_own_reasons(toy):
    variant = all_variants()["toyvlan"]
    started = Transcript(where="h1", command="docker run -p 8080:80 box", output="")
    assert reason(variant, cell("interfaces")) == "eth0 is a green card"
    assert reason(variant, cell("mtu", number=1400)) == "a green card has 1400 bytes of room"
    assert reason(variant, cell("published", "no", evidence=(started,))) == "green cards publish nothing; Docker did not say so"
    assert reason(variant, cell("netns", "yes")) == "Docker made a network namespace for it"
    assert reason(variant, cell("inward", "yes")) == UNEXPLAINED
    assert road(variant, "trip") == "from green card to green card"
    assert road(variant, "lan-trip") == "the way in its evidence"


def test_that_it_is_slow_is_said_once(toy):
    columns = [Column(variant=all_variants()[name], cells=(cell("up", number=1.0),)) for name in ("toyvlan", "overlay")]
    told = why("up", [*columns, columns[0]])
    assert told.endswith("Paint has to dry first. An overlay has to form a swarm first.")


# --- nowhere is there a second list of drivers ------------------------------------------------------------------------------

MANY = 3  # names of drivers in one list make it a list of drivers
ELSEWHERE = {
    "explorer/network/comparison/variants.py": "ready-made sets: comparisons that somebody thought worth making",
    "explorer/network/recreate.py": "the networks that Docker makes itself",
    "explorer/network/layout.py": "the networks that Docker makes itself",
    "explorer/lessons/predicates/words.py": "the networks that Docker makes itself",
    "explorer/network/writes/bridges.py": "the networks that Docker gives no gateway",
    "explorer/network/writes/endpoints.py": "the networks that lead no container out by themselves",
    "explorer/network/writes/inside.py": "the kinds of interface that Docker's own drivers make; another driver's may be any",
}
NAMES = frozenset(DRIVERS) - {"start"} | {"null"}
DISTINCT = ("macvlan", "ipvlan")  # names that mean nothing else


def python_files() -> list[Path]:
    return [path for path in EXPLORER.rglob("*.py") if "network/drivers" not in path.as_posix()]


def lists_in(text: str):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            yield {one.value for one in node.elts if isinstance(one, ast.Constant)}
        elif isinstance(node, ast.Dict):
            yield {one.value for one in node.keys if isinstance(one, ast.Constant)}


def is_list_of_drivers(words) -> bool:
    """Three of them in one list; or any that names one that is nothing but a driver."""
    return len(words & NAMES) >= MANY or bool(words & set(DISTINCT))


def listing() -> set[str]:
    files = (path for path in python_files() if any(map(is_list_of_drivers, lists_in(path.read_text()))))
    return {str(path.relative_to(EXPLORER.parent)) for path in files}


def test_no_python_file_lists_the_drivers_again():
    assert listing() == ELSEWHERE.keys()


@pytest.mark.parametrize("text", ['ON_LAN = ("macvlan", "ipvlan")', 'T = {"ipvlan": 1}', 'D = ["bridge", "host", "none"]'])
def test_a_list_of_drivers_would_be_found(text):
    assert any(map(is_list_of_drivers, lists_in(text)))


def compared_names(text: str):
    """Words that a driver is compared with: `driver == "overlay"`, `driver in (...)`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare) and "driver" in ast.unparse(node.left):
            yield from (one.value for one in ast.walk(node) if isinstance(one, ast.Constant))


ASKED_FOR = {  # what is done in another way for one kind of network, and not said of it
    "explorer/network/recreate.py": {"overlay"},
    "explorer/network/layout.py": {"overlay"},
    "explorer/network/reach.py": {"bridge", "null", "host"},
    "explorer/network/read/docker.py": {"bridge"},
    "explorer/network/read/podman.py": {"bridge"},
    "explorer/network/writes/bridges.py": {"bridge", "null", "host", "overlay"},
    "explorer/network/writes/endpoints.py": {"null", "host", "overlay"},
    "explorer/network/writes/netavark.py": {"bridge"},
    "explorer/network/writes/inside.py": {"null", "host", "ipvlan"},
    "explorer/network/writes/outside.py": {"bridge"},
}


def test_nobody_outside_asks_for_one_driver_by_name():
    found = {str(path.relative_to(EXPLORER.parent)): set(compared_names(path.read_text())) & NAMES for path in python_files()}
    assert {file: names for file, names in found.items() if names - ASKED_FOR.get(file, set())} == {}


@pytest.mark.parametrize("name", DISTINCT)
def test_no_script_sheet_or_template_names_a_driver(name):
    files = [*(STATIC / "js").rglob("*.js"), *(STATIC / "css").rglob("*.css"), *(EXPLORER.parent / "templates").rglob("*.html")]
    code = {path.name: re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.S) for path in files}
    assert [file for file, text in code.items() if name in text] == []
