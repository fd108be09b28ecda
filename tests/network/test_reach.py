"""Why one place reached another or did not, said of pictures seen on real sandboxes."""

import pytest

from explorer.network import reach
from explorer.network.grid import PLACES, Told, address_toward, holders, rows_of
from explorer.network.model import Place
from tests.lessons.worlds import seen


def say(stage, source, target, outcome, address="", by=""):
    picture = seen(stage)
    scene = reach.Scene(picture.places, picture.docker)
    address = address or address_toward(picture.places[source], picture.places[target])
    told = Told(outcome=outcome, address=address, by=by)
    return reach.why(scene, picture.places[source], picture.places[target], told)


@pytest.mark.parametrize(
    ("stage", "source", "target", "outcome", "words"),
    [
        ("bridge/5-apart.json", "h1/baker", "h1/miller", "answered", "both are on town"),
        ("bridge/5-apart.json", "h1/web", "h1/baker", "silent", "bridge and town are different bridges"),
        ("bridge/5-apart.json", "h1/web", "h1/second", "no-name", "default bridge has no DNS"),
        ("bridge/5-apart.json", "h1/baker", "h1/web", "no-name", "h1/web is on none of them"),
        ("bridge/5-apart.json", "h1", "h1/web", "no-name", "h1 stands outside them"),
        ("bridge/5-apart.json", "h1", "h1/web", "answered", "h1 has an interface of its own"),
        ("bridge/5-apart.json", "h1/web", "outside", "answered", "masquerading"),
        ("bridge/5-apart.json", "outside", "h1/web", "silent", "known on h1 only"),
        ("bridge/5-apart.json", "h1", "outside", "answered", "same LAN"),
        ("bridge/5-apart.json", "h1/web", "h1/second", "silent", "nothing in this picture says why"),
        ("bridge/5-apart.json", "h1/web", "h1/second", "one-way", "did not come back"),
        ("macvlan/2-seen.json", "h1", "h1/web", "silent", "macvlan child of h1's card"),
        ("macvlan/2-seen.json", "h1/web", "h1", "refused", "macvlan child of h1's card"),
        ("macvlan/2-seen.json", "outside", "h1/web", "answered", "same LAN"),
        ("none/1-empty.json", "h1/safe", "outside", "no-route", "no address and no route"),
        ("none/1-empty.json", "h1", "h1/safe", "no-address", "only a loopback interface"),
        ("overlay/3-inside.json", "h1/web", "h2/client", "answered", "both are on ring, an overlay"),
    ],
)
def test_one_sentence(stage, source, target, outcome, words):
    assert words in say(stage, source, target, outcome)


def test_a_stranger_is_named():
    told = say("overlay/3-inside.json", "h1/web", "h2/client", "stranger", "172.18.0.3", by="h1/web")
    assert "172.18.0.3 is an address of h1/web too" in told


def test_the_address_on_the_shared_network_is_taken_and_never_the_askers_own():
    places = seen("overlay/3-inside.json").places
    assert address_toward(places["h1/web"], places["h2/client"]) == "10.0.1.4"
    assert holders(places, "172.18.0.3") == ["h1/web", "h2/client"]
    assert address_toward(seen("none/1-empty.json").places["h1"], seen("none/1-empty.json").places["h1/safe"]) == ""


def test_who_shares_a_namespace_has_no_row_and_that_is_said():
    rows, left_out = rows_of(seen("host/2-localhost.json").places)
    assert rows == ["h1", "outside"]
    assert left_out == ["h1/near lives in the network namespace of h1 and reaches what that reaches."]


def test_a_grid_is_bounded_and_keeps_hosts_and_machines():
    places = {f"h1/c{n}": Place(id=f"h1/c{n}", kind="container", host="h1", name=f"c{n}") for n in range(500)}
    places |= {"h1": Place(id="h1", kind="host", name="h1"), "outside": Place(id="outside", kind="machine", name="outside")}
    rows, left_out = rows_of(places)
    assert len(rows) == PLACES
    assert {"h1", "outside"} <= set(rows)
    assert left_out[0].endswith("and more.")
    assert len(left_out[0]) < 200


@pytest.mark.parametrize("cidr", ["nonsense", "999.1.1.1/24", ""])
def test_an_address_that_is_none_is_passed_over(cidr):
    place = seen("bridge/5-apart.json").places["h1/web"]
    interface = place.views["interfaces"].items[-1]
    bad = interface.model_copy(update={"addresses": (interface.addresses[0].model_copy(update={"cidr": cidr}),)})
    views = {"interfaces": place.views["interfaces"].model_copy(update={"items": (bad,)})}
    assert address_toward(place, place.model_copy(update={"views": views})) == ""
