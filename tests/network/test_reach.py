"""Why one place reached another or did not, said of pictures seen on real sandboxes."""

import re
from dataclasses import replace

import pytest

from explorer.network import reach
from explorer.network.grid import PLACES as MOST
from explorer.network.grid import Told, address_toward, holders, rows_of
from explorer.network.journeys import Case, Gathered
from explorer.network.journeys.identity import tcp_marks
from explorer.network.journeys.kernel import Answers, Looked, Lookup, Neighbour
from explorer.network.journeys.scene import Scene as JourneyScene
from explorer.network.model import Place
from tests.lessons.worlds import seen
from tests.network.journeys.kept import DIRECTORY, read
from tests.network.journeys.test_tell import OUTSIDE, PLACES, SEQUENCE, WEB
from tests.network.journeys.test_tell import seen as sighting


def say(stage, source, target, outcome, address="", by=""):
    """What is said without a packet: there was no address or no name to send one to."""
    picture = seen(stage)
    told = Told(outcome=outcome, address=address, by=by)
    said = reach.why(reach.Scene(picture.places, picture.docker), picture.places[source], picture.places[target], told, None)
    assert said is None or said.evidence
    return said.text if said else ""


@pytest.mark.parametrize(
    ("stage", "source", "target", "outcome", "words"),
    [
        ("bridge/5-apart.json", "h1/web", "h1/second", "no-name", "default bridge has no DNS"),
        ("bridge/5-apart.json", "h1/baker", "h1/web", "no-name", "h1/web is on none of them"),
        ("bridge/5-apart.json", "h1", "h1/web", "no-name", "h1 stands outside them"),
        ("none/1-empty.json", "h1/safe", "outside", "no-name", "no name server it could ask"),
        ("none/1-empty.json", "h1", "h1/safe", "no-address", "only a loopback interface"),
    ],
)
def test_one_sentence(stage, source, target, outcome, words):
    assert words in say(stage, source, target, outcome)


def test_nothing_is_said_of_what_was_not_measured():
    assert say("bridge/5-apart.json", "h1/web", "h1/baker", "unmeasured") == ""


def followed(name, outcome):
    """What a grid says of a ping that was kept as a journey."""
    kept = read(DIRECTORY / f"{name}.json.gz")
    scene = JourneyScene(kept.places, kept.docker)
    request, answer = (Case.of(scene, kept.gathered, mark, *pair) for mark, pair in zip(kept.marks, kept.ends, strict=True))
    source, target = (kept.places.get(one) or kept.places["outside"] for one in kept.ends[0])
    found = reach.Followed(request, answer, "", outcome == "answered").answered(kept.answers)
    said = reach.why(reach.Scene(kept.places, kept.docker), source, target, Told(outcome=outcome), found)
    assert said.evidence
    return said.text


@pytest.mark.parametrize(
    ("name", "outcome", "words"),
    [
        ("26-Docker-s-isolation", "silent", r"Dropped: h1: DOCKER-ISOLATION-STAGE-2 \(filter\), rule \d: dropped"),
        ("28-Docker-s-isolation", "silent", r"Dropped: h1: PREROUTING \(raw\), rule \d: dropped"),
        (
            "26-a-rule-that-prohibits",
            "refused",
            r"^h1: DOCKER-USER \(filter\), rule 1: rejected: ICMP “host prohibited” goes back",
        ),
        ("26-a-blackhole-route", "silent", "its route blackhole"),
        ("26-time-to-live", "refused", "its time to live ended there"),
        ("26-nobody-on-the-LAN", "silent", "nobody answered"),
        ("26-the-answer-is-dropped", "one-way", r"its answer did not come back: dropped: h1: DOCKER-USER \(filter\), rule 1"),
        (
            "26-the-answer-is-dropped",
            "answered",
            r"h1 forwards it, and h1 puts another source address on it: 172\.18\.0\.3 becomes",
        ),
        ("26-pings-that-are-ignored", "answered", "straight to h1's eth0"),
    ],
)
def test_a_ping_ends_as_a_journey_ends(name, outcome, words):
    said = followed(name, outcome)
    assert re.search(words, said), said
    assert "apart" not in said or "ISOLATION" in said


def test_whose_address_is_seen_is_said_by_name():
    """h1 routes without changing the address: its frame has a sender of its own."""
    way = [(1, "h1/web", "out"), (2, "h1", "in"), (3, "h1", "out"), (4, "outside", "in")]
    frames = [sighting(when, place, "eth0", how, WEB, OUTSIDE, 80, 40000) for when, place, how in way]
    frames[2:] = [replace(one, data=one.data[:6] + bytes(6) + one.data[12:]) for one in frames[2:]]
    mark = tcp_marks(SEQUENCE)[0]
    case = Case.of(
        JourneyScene(PLACES, {}), Gathered(tuple(frames), ok=True, outcome="it was answered"), mark, "h1/web", "outside"
    )
    followed = reach.Followed(case, replace(case, mark=replace(mark, answer=True)), OUTSIDE, True)
    said = reach.why(reach.Scene(PLACES, {}), PLACES["h1/web"], PLACES["outside"], Told(outcome="answered"), followed)
    assert said.text == f"h1 forwards it, and outside sees h1/web's own address, {WEB}."


def test_a_cell_rests_on_no_route_of_another_cell():
    """The ping was never seen: the neighbour of another cell that did not answer says nothing of this one."""
    kept = read(DIRECTORY / "26-nobody-on-the-LAN.json.gz")
    request = Case.of(JourneyScene(kept.places, kept.docker), Gathered(), kept.marks[0], "h1", "")
    ways = tuple(Looked(Lookup("h1", address), "unicast", "eth0") for address in ("10.77.1.200", "10.77.1.201"))
    failed = Neighbour("10.77.1.200", "eth0", "failed")
    found = reach.Followed(request, replace(request, mark=replace(request.mark, answer=True)), "10.77.1.201", False)
    answered = found.answered({"h1": Answers("h1", looked=ways, neighbours=(failed,))})
    assert answered.request.answers("h1").looked == ways[1:]


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
    assert len(rows) == MOST
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
