"""By family: who is asked, what is read, and what is never said of an answer that is odd."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.network.comparison import ROWS, Cell, NoVariant, Transcript, all_variants, find_variant, find_variants
from explorer.network.comparison.families import read_families
from explorer.network.comparison.reasons import reason
from explorer.network.comparison.scene import Heard, Scene
from explorer.network.comparison.variants import ready_set

FAMILIES = {row.key for row in ROWS if row.group == "families"}
LO = "1: lo: <LOOPBACK,UP> mtu 65536 state UNKNOWN\n    link/loopback 00:00:00:00:00:00\n    inet6 ::1/128 scope host \n"
ETH0 = "2: eth0@if9: <UP> mtu 1500 state UP\n    link/ether 02:42:ac:12:00:02\n    inet {} scope global eth0\n"
CLIENT = f"{LO}{ETH0.format('172.18.0.3/16')}    inet6 fd00:8080::3/64 scope global nodad \n    inet6 fe80::3/64 scope link \n"
HOST = (
    f"{LO}{ETH0.format('10.77.5.11/24')}    inet6 fd00:10:77:5::11/64 scope global nodad \n"
    "3: br-1: <UP> mtu 1500 state UP\n    link/ether 02:42:ac:12:00:01\n    inet 172.18.0.1/16 scope global br-1\n"
    "    inet6 fd00:8080::1/64 scope global nodad \n    inet6 fe80::1/64 scope link nodad \n"
)
DRILL = """;; ->>HEADER<<- opcode: QUERY, rcode: {rcode}, id: 5
;; flags: qr rd ra ; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0
;; QUESTION SECTION:
;; server.\tIN\tAAAA

;; ANSWER SECTION:
{answer}
"""
PING = "1 packets transmitted, {0} received, {1}% packet loss, time 0ms"


def heard(text, status=0):
    return Heard(Transcript(where="h1", command="c", status=status, output=text[:4096]), text, 0.1)


def scene(name="bridge-ipv6", **facts):
    given = {"server": "aaaaaaaaaaaa", "address": "172.18.0.2", "host": "10.77.5.11", "outside": "10.77.5.100"}
    given |= {"address6": "fd00:8080::2", "host6": "fd00:10:77:5::11", "outside6": "fd00:10:77:5::100"}
    return Scene(variant=find_variant(name), **(given | facts))


def told(name="bridge-ipv6", answers=None, **facts):
    return {cell.row: (cell.mark, cell.word) for cell in read_families(scene(name, **facts), answers or {})}


def seen_by_server(who):
    return heard(f"you are {who}:40000, I am aaaaaaaaaaaa [fd00:8080::2]:80 on tcp")


def test_only_columns_in_which_ipv6_has_a_part_are_asked():
    asked = {name for name, variant in all_variants().items() if variant.ipv6}
    assert asked == {"bridge-ipv6", "bridge-ipv6-only", "bridge-proxied"}
    for row in ROWS:
        assert row.asked_of(all_variants()["bridge"]) == (row.key not in FAMILIES)
        assert row.asked_of(all_variants()["bridge-proxied"])


def test_a_column_without_ipv6_and_a_lan_without_ipv6_say_nothing():
    answers = {"client.dns6": heard(DRILL.format(rcode="NOERROR", answer="server.\t600\tIN\tAAAA\tfd00::2"))}
    assert told("bridge", answers) == {}
    assert told("bridge-ipv6", answers, host6="") == {}
    assert told("bridge-ipv6", answers) == {"dns6": ("yes", "yes")}


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("server.\t600\tIN\tAAAA\tfd00:8080::2", ("yes", "yes")),
        ("server.\t600\tIN\tA\t172.18.0.2", ("no", "none")),  # an answer of the other kind is none
        ("", ("no", "none")),
    ],
)
def test_a_name_has_an_address_of_one_kind_or_none(text, truth):
    assert told(answers={"client.dns6": heard(DRILL.format(rcode="NOERROR", answer=text))})["dns6"] == truth


def test_a_name_server_that_said_nothing_is_not_one_that_said_no():
    assert told(answers={"client.dns6": heard("", 1)})["dns6"] == ("unknown", "no answer")
    assert told(answers={"client.dns4": heard(DRILL.format(rcode="NXDOMAIN", answer=""))})["dns4"] == ("no", "none")


def test_gateways_are_read_by_family():
    answers = {
        "client.routes4": heard(""),
        "client.routes6": heard("default via fd00:8080::1 dev eth0 metric 1024 pref medium"),
    }
    assert told(answers=answers) == {"gateway4": ("no", "none"), "gateway6": ("yes", "yes")}
    assert told(answers={"client.routes6": heard("", 255)}) == {"gateway6": ("unknown", "could not be read")}


def test_a_ping_without_an_address_is_not_made():
    none = {"server.addresses": heard("eth0 UP"), "client.ping4": heard(PING.format(1, 0))}
    assert told("bridge-ipv6-only", none, address="")["ping4"] == ("no", "no address")
    assert told(answers={"client.ping4": heard(PING.format(1, 0))})["ping4"] == ("yes", "yes")
    assert told(answers={"client.ping6": heard(PING.format(0, 100), 1)})["ping6"] == ("no", "no")


def test_an_own_address_is_neither_the_hosts_nor_one_of_a_link():
    assert told(answers={"client.addresses": heard(CLIENT), "host.addresses": heard(HOST)}) == {"address6": ("yes", "yes")}
    linked = CLIENT.replace("fd00:8080::3/64 scope global", "fe80::9/64 scope link")
    assert told(answers={"client.addresses": heard(linked), "host.addresses": heard(HOST)}) == {"address6": ("no", "none")}


@pytest.mark.parametrize(
    ("who", "whose"),
    [
        ("[fd00:10:77:5::100]", "outside's"),
        ("[fd00:8080::1]", "the host's IPv6"),
        ("172.18.0.1", "the host's IPv4"),
        ("[fd00:9::9]", "another"),
    ],
)
def test_whose_address_the_server_saw(who, whose):
    answers = {"outside.published6": seen_by_server(who), "host.addresses": heard(HOST), "server": heard("aaaaaaaaaaaa" * 5)}
    assert told(answers=answers) == {"published6": ("yes", "yes"), "published6-as": ("value", whose)}


def test_who_was_not_answered_saw_nobody():
    answers = {"outside.published6": heard("curl: (7) Failed to connect", 7), "host.addresses": heard(HOST)}
    assert told(answers=answers) == {"published6": ("no", "no"), "published6-as": ("no", "none")}
    other = {"outside.published6": heard("you are [fd00::1]:1, I am stranger [::1]:80"), "host.addresses": heard(HOST)}
    assert told(answers=other)["published6-as"] == ("no", "none")


def test_what_outside_saw_of_a_client():
    base = {"client.addresses": heard(CLIENT), "host.addresses": heard(HOST)}
    for who, whose in (("fd00:10:77:5::11", "the host's"), ("fd00:8080::3", "its own"), ("fd00:9::9", "another")):
        found = told(answers=base | {"client.outward6": heard(f"you are [{who}]:40000, I am outside [fd00::1]:80")})
        assert (found["outward6"], found["seen-as6"]) == (("yes", "yes"), ("value", whose))
    lost = told(answers=base | {"client.outward6": heard("curl: (28) timed out", 28)})
    assert (lost["outward6"], lost["seen-as6"]) == (("no", "no"), ("no", "none"))


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            sorted(
                {f"client.{what}{version}" for what in ("routes", "dns", "ping") for version in (4, 6)}
                | {
                    "client.outward6",
                    "client.addresses",
                    "host.addresses",
                    "outside.published6",
                    "outside.server6",
                    "host.published6",
                }
            )
        ),
        st.tuples(st.text(max_size=200), st.sampled_from([0, 1, 7, 28, None])),
    )
)
def test_no_answer_makes_it_raise_or_speak_of_another_row(answers):
    for cell in read_families(scene(), {key: heard(text, status) for key, (text, status) in answers.items()}):
        assert cell.row in FAMILIES
        assert cell.evidence


def test_a_network_of_ipv6_alone_is_a_thing_of_one_engine():
    assert find_variant("bridge-ipv6-only").engine == "28"
    assert find_variant("bridge-ipv6-only@28").title == "bridge (IPv6 only, Engine 28)"
    with pytest.raises(NoVariant, match="needs Docker Engine 28 or newer; this is 26"):
        find_variant("bridge-ipv6-only@26")


@pytest.mark.parametrize("row", sorted(FAMILIES - {"rules4", "rules6"}))
def test_a_reason_speaks_only_of_what_the_variant_was_made_with(row):
    """No network that has a family is said to lack it."""
    six, only, proxied = (find_variant(name) for name in ("bridge-ipv6", "bridge-ipv6-only", "bridge-proxied"))
    for mark in ("yes", "no"):
        word = "no address" if mark == "no" and row.startswith(("ping", "inward")) else mark
        cell = Cell(row=row, mark=mark, word=word)
        assert "--ipv4=false" not in reason(six, cell) + reason(proxied, cell)
        assert "without --ipv6" not in reason(six, cell) + reason(only, cell)


@pytest.mark.parametrize(
    ("engines", "words"),
    [
        ((), ("bridge-proxied", "bridge-ipv6@26", "bridge-ipv6@28", "bridge-ipv6-only")),
        (("26", "28"), ("bridge-proxied", "bridge-ipv6@26", "bridge-ipv6@28", "bridge-ipv6-only")),
        (("26", "29"), ("bridge-proxied", "bridge-ipv6@26", "bridge-ipv6-only@29")),
        (("26",), ("bridge-proxied", "bridge-ipv6@26")),
    ],
)
def test_the_set_leaves_out_what_is_not_offered(engines, words):
    assert ready_set("ipv6", engines).variants == words
    assert len(find_variants(words)) == len(words)
