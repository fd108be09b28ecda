"""Endings in states where a near miss would be said: a reset in another's name, an error about something else, a comment that
looks like a verdict."""

from __future__ import annotations

import errno
import struct
from dataclasses import replace

import pytest

from explorer.network.journeys import Case, Gathered
from explorer.network.journeys.endings import end_of
from explorer.network.journeys.endings.onward import asked_in_vain
from explorer.network.journeys.ends import Ends
from explorer.network.journeys.evidence import switch_is
from explorer.network.journeys.gathered import Drop, Step
from explorer.network.journeys.icmp import errors_about
from explorer.network.journeys.identity import datagram_marks, ping_marks, tcp_marks
from explorer.network.journeys.kernel import Answers, Flow, Listener, Looked, Lookup, Tracked
from explorer.network.journeys.model import Met
from explorer.network.journeys.own import first_of_its_own
from explorer.network.journeys.scene import Scene
from explorer.network.journeys.seen import SeenPacket
from tests.network.journeys.test_identity import at, at6, ip, ip6, udp
from tests.network.journeys.test_own import arp
from tests.network.journeys.test_tell import (
    OUTSIDE,
    PAST,
    PLACES,
    SEQUENCE,
    WEB,
    interface,
    place,
    seen,
)

TO_WEB = (seen(1, "outside", "eth0", "out", *PAST), seen(2, "h1", "eth0", "in", *PAST))
RESET = (WEB, OUTSIDE, 80, 40000)


def cases(sightings, steps=(), answers=None, marks=None, ends=("outside", "h1/web"), **more):
    scene, gathered = Scene(PLACES, {}), Gathered(tuple(sightings), tuple(steps), answers=answers or {}, **more)
    first, second = marks or tcp_marks(SEQUENCE)
    asked, back = Case.of(scene, gathered, first, *ends), Case.of(scene, gathered, second, *reversed(ends))
    return replace(asked, other=back), replace(back, other=asked)


# --- resets ---
def reset_of(where, device):
    back = {"flags": 0x14, "ack": SEQUENCE + 1, "seq": 0}
    return seen(3, where, device, "out", *RESET, **back), seen(4, "outside", "eth0", "in", *RESET, **back)


def test_a_reset_that_a_host_sends_with_a_containers_address_is_no_word_of_the_container():
    asked, back = cases((*TO_WEB, *reset_of("h1", "eth0")), answers={"h1": Answers("h1")})
    assert end_of(asked).ending != "arrived", "nobody knows that it was delivered to h1"
    told = end_of(back)
    assert (told.ending, told.sentence.text) == (
        "refused",
        "delivered to outside: the connection is refused: h1 sent the reset, with the address of h1/web; why is not known",
    )


def test_a_reset_of_the_container_itself_is_one_of_its_kernel():
    came = seen(3, "h1/web", "eth0", "in", *PAST)
    _, back = cases((*TO_WEB, came, *reset_of("h1/web", "eth0")), answers={"h1/web": Answers("h1/web")})
    assert "refused, nobody listens on that port: TCP 80 of h1/web" in end_of(back).sentence.text


# --- ICMP errors ---
def error(kind, code, quoted, sender="172.17.0.1"):
    return at(9, ip(1, sender, OUTSIDE, bytes((kind, code)) + bytes(6) + quoted), "in", "outside")


def test_an_error_about_the_answer_of_a_ping_is_none_about_its_request():
    request, answer = ping_marks(9)
    quoted = {kind: ip(1, OUTSIDE, WEB, bytes((kind, 0, 0, 0)) + struct.pack(">HH", 9, 1)) for kind in (8, 0)}
    assert errors_about(request, set(), [error(3, 3, quoted[8])])
    assert not errors_about(request, set(), [error(3, 3, quoted[0])])
    assert errors_about(answer, set(), [error(3, 3, quoted[0])])
    assert not errors_about(answer, set(), [error(3, 3, quoted[8])])


@pytest.mark.parametrize(
    ("kind", "code", "ending", "said"),
    [
        (3, 3, "rejected", "the packet is for this machine, and something there rejects it"),
        (11, 0, "dropped", "the packet's time to live ended there"),
        (11, 1, "dropped", "parts of the packet did not come in time"),
    ],
)
def test_an_error_about_a_connection_is_not_told_as_one_about_a_datagram(kind, code, ending, said):
    quoted = TO_WEB[0].data[14:42]
    local = {"h1/web": Answers("h1/web", looked=(Looked(Lookup("h1/web", WEB), "local", "lo"),))}
    came = seen(3, "h1/web", "eth0", "in", *PAST)
    asked, _ = cases((*TO_WEB, came, error(kind, code, quoted, WEB)), answers=local)
    told = end_of(asked)
    assert (told.ending, said in told.sentence.text) == (ending, True), told.sentence.text
    assert "UDP" not in told.sentence.text


# --- rules ---
@pytest.mark.parametrize(
    ("rule", "rejects"),
    [
        ("-A INPUT -p tcp -j REJECT --reject-with tcp-reset", True),
        ("-A INPUT -m comment --comment reject -j DROP", False),
        ('-A INPUT -m comment --comment "do not reject it" -j DROP', False),
        ('tcp dport 80 counter packets 1 bytes 60 drop comment "reject"', False),
        ("tcp dport 80 /* to reject */ counter drop", False),
        ("tcp dport 80 reject with tcp reset", True),
    ],
)
def test_a_comment_is_no_verdict(rule, rejects):
    assert Met(table="filter", chain="INPUT", rule=rule, verdict="drop").rejects is rejects


# --- tracked connections by IPv6 ---
FAR6, HOST6, WEB6 = "fd00:77::100", "fd00:77::11", "fd00:9::2"


def syn6(destination, port, *more):
    packet = ip6(6, FAR6, destination, struct.pack(">HHIIBBHHH", 40000, port, SEQUENCE, 0, 0x50, 2, 1000, 0, 0))
    return at6(1, packet, *more)


def test_a_rule_of_ipv6s_nat_that_was_met_is_not_overlooked():
    came = syn6(HOST6, 8080, "in", "h1")
    met = Step("h1", 1, "ip6 nat", "DOCKER", 22, "accept", network=came.data[14:54], transport=came.data[54:74])
    first = Ends(FAR6, HOST6, "40000", "8080")
    entry = Tracked(Flow("tcp", first), first, Ends(WEB6, FAR6, "80", "40000"))
    known = {"answers": {"h1": Answers("h1", tracked=(entry,))}, "ruled": frozenset({"h1"})}
    asked, _ = cases([came], [met], **known)
    assert "tracked since before" not in end_of(asked).sentence.text
    passed = replace(met, table="ip6 filter", chain="FORWARD", handle=3)
    asked, _ = cases([came], [passed], **known)
    assert f"leads it to [{WEB6}]:80" in end_of(asked).sentence.text


# --- sockets ---
DATAGRAM = at(1, ip(17, OUTSIDE, WEB, udp(4000, 5000, b"hello, web")), "in", "h1/web")


def datagram(*listeners):
    mark = datagram_marks(b"hello, web", Ends(OUTSIDE, WEB, "4000", "5000"))
    local = Looked(Lookup("h1/web", WEB), "local", "lo")
    told = {"h1/web": Answers("h1/web", looked=(local,), listeners=listeners)}
    quoted = error(3, 3, DATAGRAM.data[14:42], WEB)
    return end_of(cases((DATAGRAM, quoted), answers=told, marks=mark)[0]).sentence.text


def test_a_socket_that_hears_another_machine_only_does_not_take_the_datagram():
    assert datagram(Listener("udp", WEB, 5000, remote="10.77.3.12")).endswith(
        f"nobody listens on UDP {WEB}:5000 of h1/web: the program there listens on {WEB}, for 10.77.3.12 only"
    )
    assert "although a program listens" in datagram(Listener("udp", WEB, 5000, remote=OUTSIDE))


def test_of_an_error_of_a_stranger_no_more_is_said_than_it_says():
    """Nobody asked this kernel, so it is not known whether the datagram was for it."""
    mark = datagram_marks(b"hello, web", Ends(OUTSIDE, "10.77.3.77", "4000", "5000"))
    sent = at(1, ip(17, OUTSIDE, "10.77.3.77", udp(4000, 5000, b"hello, web")), "out", "outside")
    for sender, ending in (("10.77.3.77", "refused"), ("10.77.3.78", "rejected")):
        told = end_of(cases((sent, error(3, 3, sent.data[14:42], sender)), marks=mark)[0])
        said = f"{sender} sent back “port unreachable”: it says that nobody there takes it; why is not known"
        assert (told.ending, told.sentence.text) == (ending, said)


def test_a_size_that_an_error_does_not_tell_is_not_told():
    told = end_of(cases((*TO_WEB, error(3, 4, TO_WEB[0].data[14:42])))[0])
    assert told.sentence.text.endswith("may not be fragmented")


def test_a_refusal_of_which_nothing_is_known_is_a_whole_sentence():
    drop = Drop(9, "h1/web", "NO_SOCKET", "udp_rcv", "", 0x0800, 0, DATAGRAM.data[14:], 46)
    mark = datagram_marks(b"hello, web", Ends(OUTSIDE, WEB, "4000", "5000"))
    assert end_of(cases((DATAGRAM,), marks=mark, drops=(drop,))[0]).sentence.text == "h1/web refused it: why is not known"


def test_a_command_can_be_typed_for_any_interface():
    lookup = Looked(Lookup("h1", WEB, OUTSIDE, "$(reboot)"))
    assert lookup.command == f"ip route get {WEB} from {OUTSIDE} iif '$(reboot)'"
    assert switch_is("h1", "net.ipv4.conf.eth0.forwarding", "0").command == "sysctl net.ipv4.conf.eth0.forwarding"
    assert switch_is("h1", "net.ipv4.conf.eth0.10.rp_filter", "1").command == "sysctl net/ipv4/conf/eth0.10/rp_filter"


# --- routes ---
@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENETUNREACH, "never sent: outside has no route for that address"),
        (errno.EACCES, "never sent: outside refuses it (Permission denied)"),
    ],
)
def test_a_refusal_of_the_routes_is_no_missing_route(number, said):
    refused = Looked(Lookup("outside", WEB), errno=number)
    asked, _ = cases((), answers={"outside": Answers("outside", looked=(refused,))})
    assert end_of(asked).sentence.text == said


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENETUNREACH, "has no route back to"), (errno.EACCES, "does not route back to")]
)
def test_a_way_back_that_is_refused_is_not_missing(number, said):
    came = seen(3, "h1/web", "eth0", "in", *PAST)
    local, back = Looked(Lookup("h1/web", WEB), "local", "lo"), Looked(Lookup("h1/web", OUTSIDE), errno=number)
    asked, _ = cases((*TO_WEB, came), answers={"h1/web": Answers("h1/web", looked=(local, back))})
    assert end_of(asked).sentence.text.endswith(f"no answer was seen: h1/web {said} {OUTSIDE}")


# --- ARP ---
def test_a_question_that_was_answered_is_not_called_unanswered():
    asked, answer = arp(1, "172.18.0.3", "172.18.0.9"), replace(arp(2, "172.18.0.9", "172.18.0.3", "in"), at=5)
    marks = first_of_its_own([asked], "h1/cli", kernels=True).marks
    told = end_of(cases((asked, answer), marks=marks, ends=("h1/cli", ""))[0])
    assert (told.ending, told.sentence.text) == ("arrived", "h1/cli asked by ARP on eth0 who has 172.18.0.9; it was answered")
    alone = end_of(cases((asked,), marks=marks, ends=("h1/cli", ""))[0])
    assert alone.sentence.text.endswith("nobody answered")


def test_who_was_asked_for_in_vain_is_read_without_taking_frames_apart():
    question, answer = arp(1, "172.18.0.3", "172.18.0.9"), arp(2, "172.18.0.9", "172.18.0.3", "in")
    assert asked_in_vain([question], "h1/cli", "172.18.0.9") == "eth0"
    assert asked_in_vain([question], "h1/cli", "172.18.0.3") == ""
    assert asked_in_vain([question, answer], "h1/cli", "172.18.0.9") == ""
    assert asked_in_vain([arp(3, "172.18.0.3", "172.18.0.9")], "h1/cli", "172.18.0.9") == "", (
        "reverse ARP asks for no neighbour"
    )
    assert asked_in_vain([replace(question, data=question.data[:41])], "h1/cli", "172.18.0.9") == ""


# --- many frames ---
def test_copies_are_told_apart_without_comparing_each_frame_with_each(monkeypatch):
    def compared(self, other):
        raise AssertionError("two frames were compared")

    monkeypatch.setattr(SeenPacket, "__eq__", compared)
    own = place("h1", "host", interface("eth0", "veth", mac="02:00:00:00:00:09"))
    ports = [interface(f"veth{n}", "veth", master="docker0", mac="") for n in (1, 2)]
    scene = Scene({"h1": own, "h2": place("h2", "host", interface("docker0", "bridge"), *ports)}, {})
    flood = [seen(n, "h2", f"veth{n % 2 + 1}", "out", *PAST) for n in range(8)]
    copies = [seen(n, "h1", "eth0", "in", *PAST) for n in range(8)]
    case = Case.of(scene, Gathered((*flood, *copies)), tcp_marks(SEQUENCE)[0], "h2", "h1")
    assert (len(case.copies), len(case.seen)) == (8, 4)


# --- where it was to go ---


def lost_beyond(via, device, broken=""):
    places = dict(PLACES)
    if broken:
        places["h2"] = place("h2", "host").model_copy(update={"error": broken})
    looked = Looked(Lookup("h1", WEB), "unicast", device, via=via, matched="0.0.0.0/0")
    scene, gathered = (
        Scene(places, {}),
        Gathered((TO_WEB[0], seen(3, "h1", device, "out", *PAST)), answers={"h1": Answers("h1", (looked,))}),
    )
    request, answer = tcp_marks(SEQUENCE)
    back = Case.of(scene, gathered, answer, "h1", "outside")
    return end_of(replace(Case.of(scene, gathered, request, "outside", "h1"), other=back)).sentence.text


@pytest.mark.parametrize(
    ("via", "device", "broken", "said"),
    [
        ("192.0.2.1", "eth0", "", "its way on, 192.0.2.1, is no machine of this sandbox: the LAN leads nowhere else"),
        ("192.0.2.1", "docker0", "", "its way on, 192.0.2.1, is no machine of this sandbox"),
        ("192.0.2.1", "eth0", "h2 cannot be read", "left h1 by eth0 and was seen nowhere else"),
    ],
)
def test_what_nobody_has_is_only_said_where_everybody_was_read(via, device, broken, said):
    assert lost_beyond(via, device, broken).endswith(said)
