"""A driver's journal, as written and as somebody hostile would write it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.explain import explain
from explorer.network.model import Address, DockerNetwork, DockerState, Interface, Line, Observation, Place, Route
from explorer.network.read.calls import CALLS, LINE_BYTES, SHOWN, read_calls

ASKED = {"NetworkID": "28dc03dbe3adfd63", "IPv4Data": [{"Gateway": "172.18.0.1/16", "Pool": "172.18.0.0/16"}]}


def note(number=1, **told):
    return json.dumps({"driver": "lab", "call": f"7-{number}", "method": "CreateNetwork", "at": 1000.0, **told}) + "\n"


def test_a_question_and_its_answer_are_one_call():
    (call,) = read_calls(note(asked=ASKED) + note(at=1000.5, answer={})).items
    assert (call.driver, call.run, call.method, call.at, call.seconds) == ("lab", "7", "CreateNetwork", 1000.0, 0.5)
    assert call.what == "network 28dc03db, 172.18.0.0/16"
    assert json.loads(call.asked) == ASKED
    assert (call.answer, call.error) == ("{}", "")


def test_a_question_without_an_answer_says_so():
    seen = read_calls(note(asked=ASKED))
    assert seen.items[0].seconds is None
    assert "no answer yet" in seen.lines[0].text


def test_an_answer_keeps_the_key_of_its_question():
    assert read_calls(note(asked={})).items[0].key == read_calls(note(asked={}) + note(answer={})).items[0].key


def test_a_refusal_is_an_error():
    assert read_calls(note(asked={}) + note(answer={"Err": "no room"})).items[0].error == "no room"


def test_the_newest_calls_are_shown_and_the_cut_is_said():
    seen = read_calls("".join(note(number, asked={}) for number in range(CALLS + 5)))
    assert len(seen.items) == CALLS
    assert seen.truncated
    assert not read_calls(note(asked={})).truncated


HOSTILE = [
    "not json",
    "[]",
    "null",
    '{"driver": 1, "call": "1", "method": "Join", "at": 1}',
    '{"driver": "x", "call": "1", "method": "Join", "at": NaN, "asked": {}}',
    '{"driver": "x", "call": "1", "method": "Join", "at": 1e999, "asked": {}}',
    '{"driver": "x", "call": "1", "method": "Join", "at": ' + "9" * 5000 + ', "asked": {}}',
    '{"driver": "x", "call": "1", "method": "Join", "at": 1, "asked": ' + "[" * 9000 + "]" * 9000 + "}",
    '{"driver": "x", "call": "1", "method": "Join", "at": 1, "answer": {}}',
    "x" * (LINE_BYTES + 1),
    "\x00\x1b[31m\ufffd",
]


@pytest.mark.parametrize("line", HOSTILE)
def test_nonsense_is_a_line_and_never_a_call_or_an_error(line):
    seen = read_calls(note(asked={}) + line + "\n" + note(2, asked={}))
    assert [item.key for item in seen.items] == ["call:lab:7-1:1000.000", "call:lab:7-2:1000.000"]
    assert all(len(one.text) < 600 and "\x1b" not in one.text for one in seen.lines)


@pytest.mark.parametrize("asked", [None, 1, "<b>", [], {"IPv4Data": 3, "Interface": [], "NetworkID": {}}, {"IPv4Data": ["x"]}])
def test_questions_of_the_wrong_shape_are_shown_as_they_are(asked):
    (call,) = read_calls(note(asked=asked)).items
    assert json.loads(call.asked) == asked


def test_what_is_long_is_cut_and_says_how_long_it_was():
    (call,) = read_calls(note(asked={"x": "y" * 9000}) + note(answer="<script>" * 1000)).items
    assert len(call.asked) < SHOWN + 40
    assert call.answer.endswith("characters)")


def test_one_number_twice_is_one_call():
    assert len(read_calls(note(asked={}) * 50).items) == 1


@given(st.text(max_size=400), st.binary(max_size=400))
def test_any_text_is_bounded(text, data):
    seen = read_calls(text + "\n" + data.decode("utf-8", "replace"))
    assert len(seen.lines) <= CALLS
    assert len({line.key for line in seen.lines}) == len(seen.lines)


# --- what a network of an unknown driver is said to be ----------------------------------------------------------------

LANE = DockerNetwork(id="28dc03db", name="lane", driver="lab", subnets=("172.18.0.0/16",), gateways=("172.18.0.1",), options={})
DOCKER = DockerState(host="h1", version="26", networks=(LANE,))


def bridge(name, cidr, kind="bridge"):
    held = (Address(cidr=cidr, family="inet"),) if cidr else ()
    return Interface(key=name, index=9, name=name, kind=kind, mtu=1500, state="UP", addresses=held)


def why(view, item, *, docker=DOCKER):
    views = {"interfaces": Observation(command="ip", items=(item,) if isinstance(item, Interface) else ())}
    place = Place(id="h1", kind="host", host="h1", name="h1", netns=1, views=views)
    seen = Observation(command="", lines=(Line(text="x", key=item.key),), items=(item,))
    line = explain(place, view, seen, docker).lines[0]
    return line.why, line.about


def test_what_holds_the_gateway_is_the_networks():
    assert why("interfaces", bridge("lab-28dc03db", "172.18.0.1/16")) == (
        "Holds the gateway of network lane (172.18.0.0/16), for which driver lab answers.",
        ("network:lane",),
    )


def test_a_route_into_it_names_its_driver():
    told, about = why("routes", Route(key="r", destination="172.18.0.0/16", dev="lab-28dc03db", protocol="kernel"))
    assert "driver lab answers" in told
    assert about == ("network:lane",)


def test_what_a_driver_may_have_put_there_is_not_called_somebody_elses():
    assert why("interfaces", bridge("thing0", "")) == ("", ())
    assert why(
        "interfaces",
        bridge("thing0", ""),
        docker=DOCKER.model_copy(update={"networks": (LANE.model_copy(update={"driver": "bridge"}),)}),
    )[0]


def test_a_question_says_what_it_means():
    seen = read_calls(note(asked=ASKED))
    place = Place(id="h1", kind="host", host="h1", name="h1", netns=1)
    assert "what the network is, the driver decides" in explain(place, "calls", seen, DOCKER).lines[0].why
