"""The weather of a link: bounds, tc's words and back, its ends, and whose it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from explorer.network.explain import explain
from explorer.network.layout import BadLayout, Layout, Sky, from_query, from_snapshot, to_query
from explorer.network.model import Interface, Observation, Place, Snapshot
from explorer.network.read import read_addresses, read_qdiscs
from explorer.network.recreate import recreate
from explorer.network.weather import (
    ENDS,
    PAGE,
    Set,
    Weather,
    commands,
    discipline,
    ends_of,
    in_words,
    lasting,
    read_weather,
    tell,
)

ROUGH = Weather(delay_ms=50, jitter_ms=5, loss_percent=1, rate_kbit=1500)
# printed by tc of iproute2 6.1 (tbf) and 6.15 (netem)
NETEM = "qdisc netem 8002: dev eth0 root refcnt 2 limit 200 delay 50ms  5ms loss 1% rate 1500Kbit seed 1"
TBF = "qdisc tbf 8001: dev eth0 root refcnt 2 rate 1500Kbit burst 16000b lat 100ms"
NOTHING = "qdisc noqueue 0: dev lo root refcnt 2 \nqdisc noqueue 0: dev eth0 root refcnt 2 "
FACE = "{index}: {name}@if{peer}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu {mtu} qdisc {qdisc} {master}state UP group default"
LINK = (
    "    link/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 \n"
)


def faces(*told):
    """As `ip -d addr` prints cables: (name, index, the other end's index, MTU, master)."""
    text = ""
    for name, index, peer, mtu, master in told:
        head = FACE.format(
            name=name, index=index, peer=peer, mtu=mtu, qdisc="noqueue", master=f"master {master} " if master else ""
        )
        text += f"{head} qlen 1000\n{LINK}    veth numtxqueues 1 numrxqueues 1 \n"
    return read_addresses(text)


def place(name, interfaces, qdiscs="", kind="container"):
    views = {"interfaces": interfaces, "qdiscs": read_qdiscs(qdiscs)}
    return Place(id=name, kind=kind, host=name.partition("/")[0] if kind != "machine" else "", name=name, views=views)


@pytest.fixture
def places():
    web = place("h1/web", faces(("eth0", 2, 7, 1500, "")))
    host = place("h1", faces(("eth0", 2, 90, 1500, ""), ("veth1", 7, 2, 1500, "docker0")), kind="host")
    return {"h1": host, "h1/web": web, "outside": place("outside", faces(("eth0", 5, 91, 1500, "")), kind="machine")}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"delay_ms": 2001}, "less than or equal to 2000"),
        ({"delay_ms": -1}, "greater than or equal to 0"),
        ({"delay_ms": float("nan")}, "finite"),
        ({"delay_ms": 5, "jitter_ms": 6}, "jitter is at most the delay"),
        ({"loss_percent": 101}, "less than or equal to 100"),
        ({"rate_kbit": 7}, "at least 8"),
        ({"mtu": 500}, "at least 576"),
        ({"mtu": 9001}, "less than or equal to 9000"),
        ({"mtu": "1; reboot"}, "valid integer"),
        ({"wind": 3}, "not permitted"),
    ],
)
def test_what_no_link_can_have_is_refused_with_the_reason(values, said):
    with pytest.raises(ValidationError, match=said):
        Weather.model_validate(values)


def test_one_discipline_says_all_of_it():
    assert discipline(ROUGH) == (
        *("netem", "limit", "200", "delay", "50ms", "5ms", "loss", "1%", "rate", "1500kbit"),
    )  # fmt: skip
    assert discipline(Weather(rate_kbit=1500)) == ("tbf", "rate", "1500kbit", "burst", "16000", "latency", "100ms")
    assert commands("eth0", Weather(mtu=1400), 1400, True) == [
        ("ip", "link", "set", "dev", "eth0", "mtu", "1400"),
        ("tc", "qdisc", "del", "dev", "eth0", "root"),
    ]
    assert commands("eth0", Weather(), 0, False) == []


@given(
    st.builds(
        lambda delay, part, loss, rate: Weather(
            delay_ms=delay, jitter_ms=round(delay * part), loss_percent=loss, rate_kbit=rate
        ),
        st.integers(0, 2_000), st.floats(0, 1), st.integers(0, 100), st.integers(8, 1_000_000),
    )
)  # fmt: skip
def test_words_hold_no_more_than_they_say(weather):
    text = " ".join(discipline(weather))
    assert text.isprintable()
    assert len(text) < 120
    assert in_words(weather)


def test_what_tc_prints_is_read_back(places):
    assert read_qdiscs(NOTHING) == Observation(command="tc qdisc show")
    (netem,) = read_qdiscs(f"{NOTHING}\n{NETEM}").items
    assert (netem.kind, netem.delay_ms, netem.jitter_ms, netem.loss_percent, netem.rate) == ("netem", 50, 5, 1, 1_500_000)
    assert netem.words == "50 ms ± 5 ms · 1 % lost · 1.5 Mbit/s"
    web = place("h1/web", faces(("eth0", 2, 7, 1400, "")), NETEM)
    assert read_weather(web, "eth0") == ROUGH.model_copy(update={"mtu": 1400})
    other = place("h1/web", faces(("eth0", 2, 7, 1500, "")), "qdisc fq_codel 8004: dev eth0 root refcnt 2 limit 10240p")
    assert read_weather(other, "eth0") is None


@given(st.text(max_size=200) | st.lists(st.sampled_from(NETEM.split()), max_size=30).map(" ".join))
def test_any_text_is_read(text):
    seen = read_qdiscs(text)
    assert len(seen.items) <= len(seen.lines)


def test_a_link_has_the_ends_that_are_in_the_sandbox(places):
    def told(name, device):
        return [(end.place, end.interface.name) for end in ends_of(places, name, device)]

    assert told("h1/web", "eth0") == [("h1/web", "eth0"), ("h1", "veth1")]
    assert told("h1", "veth1") == [("h1", "veth1"), ("h1/web", "eth0")]
    assert told("h1", "eth0") == [("h1", "eth0")]
    assert told("outside", "eth0") == [("outside", "eth0")]
    assert told("h1", "lo") == told("h9", "eth0") == told("h1", "eth9") == []


def test_what_the_page_set_is_told_as_the_pages_and_what_was_typed_as_theirs(places):
    seen = read_qdiscs(NETEM)
    page = {"eth0": Set(place="h1/web", interface="eth0", weather=ROUGH)}
    web = place("h1/web", places["h1/web"].views["interfaces"], NETEM)
    (told,) = tell(explain(web, "qdiscs", seen, None), page).lines
    assert told.about == (PAGE,)
    assert "set from this page: 50 ms ± 5 ms" in told.why
    other = tell(seen, {"eth0": Set(place="h1/web", interface="eth0", weather=Weather(delay_ms=51))})
    assert PAGE not in other.lines[0].about
    outside = place("outside", places["outside"].views["interfaces"], NETEM, kind="machine")
    (typed,) = explain(outside, "qdiscs", seen, None).lines
    assert typed.why == "Somebody gave this interface a queueing discipline: it has none of itself."


def test_what_somebody_changed_is_no_longer_the_pages(places):
    page = {"eth0": Set(place="h1/web", interface="eth0", weather=ROUGH)}
    web = places["h1/web"]
    assert lasting(place("h1/web", web.views["interfaces"], NETEM), page) == page
    assert lasting(place("h1/web", web.views["interfaces"], NETEM.replace("50ms", "60ms")), page) == {}
    assert lasting(web, page) == {}
    small = {"eth0": Set(place="h1/web", interface="eth0", weather=Weather(mtu=1400))}
    assert lasting(place("h1/web", faces(("eth0", 2, 7, 1400, ""))), small) == small
    assert lasting(web, small) == {}


@pytest.mark.parametrize(
    ("typed", "more"),
    [("duplicate 50%", "duplicate 50%"), ("reorder 25% 50%", "reorder 25%"), ("loss gemodel p 1% r 10%", "loss gemodel")],
)
def test_a_link_that_does_more_than_weather_can_say_says_so_and_is_not_the_pages(places, typed, more):
    text = f"{NETEM.replace('loss 1%', '')} {typed}" if typed.startswith("loss") else f"{NETEM} {typed}"
    web = place("h1/web", places["h1/web"].views["interfaces"], text)
    (seen,) = web.views["qdiscs"].items
    assert seen.words.endswith(f" · {more}")
    assert read_weather(web, "eth0") is None
    assert lasting(web, {"eth0": Set(place="h1/web", interface="eth0", weather=ROUGH)}) == {}
    lost = recreate(Snapshot(sandbox="s", generation=1, number=1, at=1.0, places={"h1/web": web}), "10.77.1.0/24").left_out
    assert "What shapes eth0 of 'h1/web'." in lost


def test_another_mtu_is_told_and_whose_it_is(places):
    outside = place("outside", faces(("eth0", 5, 91, 1400, "")), kind="machine")
    seen = explain(outside, "interfaces", outside.views["interfaces"], None)
    assert "Its MTU is 1400 and was 1500 when it was made: it was changed since." in seen.lines[0].why
    page = {"eth0": Set(place="outside", interface="eth0", weather=Weather(mtu=1400))}
    assert "The MTU of 1400 was set from this page." in tell(seen, page).lines[0].why
    assert all("set from this page" not in line.why for line in seen.lines)


# --- in a link, and in a copy -------------------------------------------------------------------------------------------

LINK_TEXT = "hosts=1&machines=outside&run=h1,web,bridge&weather=h1/web,eth0,delay=50,loss=1.5&weather=outside,eth0,mtu=1400"


def test_a_layout_carries_it():
    layout = from_query(LINK_TEXT)
    assert to_query(layout) == LINK_TEXT
    assert [(one.place, one.weather) for one in layout.scenario().weather] == [
        ("h1/web", Weather(delay_ms=50, loss_percent=1.5)),
        ("outside", Weather(mtu=1400)),
    ]
    assert layout.name() == "free"
    assert "outside eth0: MTU 1400" in layout.in_words()


def test_every_value_survives_the_link():
    most = {"delay_ms": 1234.5678, "rate_kbit": 1_000_000, "loss_percent": 0.00001}
    layout = Layout(outside=True, weather=(Sky(place="outside", weather=Weather(**most)),))
    assert from_query(to_query(layout)) == layout


@pytest.mark.parametrize(
    "more",
    [
        "h1/db,eth0,delay=50", "h1/web,eth0,delay=5000", "h1/web,eth0,wind=5", "h1/web,eth0,delay=5,delay=6",
        "h1/web,$(reboot),delay=5", "../h1,eth0,delay=5", "h1/web", "h1/web,eth0,delay=nan",
    ],
)  # fmt: skip
def test_a_link_with_weather_that_cannot_be_is_refused(more):
    with pytest.raises(BadLayout):
        from_query(f"hosts=1&machines=outside&run=h1,web,bridge&weather={more}")


def test_a_running_sandbox_gives_its_weather_to_its_link_and_its_copy(places):
    layout = from_query("hosts=1&machines=outside&run=h1,web,bridge")
    places["h1/web"] = place("h1/web", faces(("eth0", 2, 7, 1500, "")), NETEM)
    places["outside"] = place("outside", faces(("eth0", 5, 91, 1400, "")), kind="machine")
    snapshot = Snapshot(sandbox="s", at=1.0, places=places)
    now, lost = from_snapshot(layout.model_copy(update={"containers": ()}), snapshot, "")
    assert [(one.place, one.weather.mtu) for one in now.weather] == [("outside", 1400)], "the container is not in the link"
    assert lost == []
    made = recreate(snapshot, "")
    assert {one.place: one.weather for one in made.weather} == {"h1/web": ROUGH, "outside": Weather(mtu=1400)}
    assert "weather" in made.as_replay("s")
    assert len(made.weather) <= ENDS


def test_no_cable_of_an_overlay_has_weather_because_of_its_mtu():
    inside = place("h1/web", faces(("eth0", 2, 7, 1450, "")))
    assert read_weather(inside, "eth0") == Weather()
    assert isinstance(inside.views["interfaces"].items[0], Interface)
