"""What was added to the host is what is there now and was not; and it stays small."""

from explorer.network.comparison.host import added_cells, bounded, views_of
from explorer.network.comparison.model import LINE, LINES
from explorer.network.model import Observation, Place
from explorer.network.read import read_addresses, read_fdb, read_rules

LO = "1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
ETH = "2: eth0: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP\n    link/ether 02:42:0a:4d:00:0b brd ff:ff:ff:ff:ff:ff\n"
BRIDGE = "3: br-1: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP\n    link/ether 02:42:0a:4d:00:0c brd ff:ff:ff:ff:ff:ff\n"
RULES = "*nat\n:PREROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n{}COMMIT\n"


def place(name="h1", kind="host", **views):
    return Place(id=name, kind=kind, host="h1" if kind != "host" else "", name=name, views=views)


def cells(before, *after):
    return {cell.row: cell for cell in added_cells({before.id: before}, {one.id: one for one in after})}


def test_an_interface_that_came_is_counted_and_shown():
    found = cells(place(interfaces=read_addresses(LO + ETH)), place(interfaces=read_addresses(LO + ETH + BRIDGE)))
    assert (found["host-interfaces"].word, found["host-interfaces"].number) == ("1", 1)
    (evidence,) = found["host-interfaces"].evidence
    assert evidence.output.startswith("+ 3: br-1:")
    assert evidence.kind == "lines"


def test_nothing_new_is_none_and_says_so():
    found = cells(place(interfaces=read_addresses(LO + ETH)), place(interfaces=read_addresses(LO + ETH)))
    assert found["host-interfaces"].word == "none"
    assert found["host-interfaces"].evidence[0].note


def test_chains_and_counters_are_no_rules():
    one = "[3:60] -A PREROUTING -j DOCKER\n"
    before = place(nat=read_rules(RULES.format(one), table="nat"))
    after = place(nat=read_rules(RULES.format(one.replace("3:60", "9:180") + "[0:0] -A DOCKER -j RETURN\n"), table="nat"))
    found = cells(before, after)["host-rules"]
    assert (found.word, found.value) == ("1", "nat 1")


def test_a_hidden_namespace_counts_without_its_loopback_and_a_container_does_not():
    hidden = place("h1/ns-1", "namespace", interfaces=read_addresses(LO + BRIDGE))
    inside = place("h1/client", "container", interfaces=read_addresses(LO + ETH))
    host = place(interfaces=read_addresses(LO))
    found = cells(host, host, hidden, inside)["host-interfaces"]
    assert (found.word, found.value) == ("1", "1 in a hidden namespace")
    assert [one.where for one in found.evidence] == ["h1", "h1/ns-1"]


def test_another_host_is_not_this_one():
    host = place(interfaces=read_addresses(LO))
    other = Place(id="h2", kind="host", name="h2", views={"interfaces": read_addresses(LO + ETH)})
    assert cells(host, host, other)["host-interfaces"].word == "none"


def test_what_a_switch_learned_is_shown_and_not_counted():
    text = "02:42:0a:4d:00:0c dev br-1 master br-1 permanent\n02:42:ac:12:00:02 dev veth1 master br-1\n"
    found = cells(place(fdb=read_fdb("")), place(fdb=read_fdb(text)))["host-fdb"]
    assert (found.word, found.value) == ("1", "1 more learned from passing frames")
    assert "veth1" in found.evidence[0].output


def test_a_view_that_could_not_be_read_adds_nothing():
    found = cells(place(interfaces=read_addresses(LO)), place(interfaces=Observation(command="ip addr", error="no")))
    assert found["host-interfaces"].word == "none"


def test_what_is_kept_is_bounded():
    many = "".join(f"[0:0] -A DOCKER -s 10.0.{n // 250}.{n % 250}/32 -j ACCEPT {'x' * 900}\n" for n in range(2 * LINES))
    seen = bounded(read_rules(RULES.format(many), table="nat"))
    assert len(seen.lines) == LINES
    assert seen.truncated
    assert max(len(line.text) for line in seen.lines) <= LINE
    assert {item.key for item in seen.items} <= {line.key for line in seen.lines}
    found = cells(place(nat=read_rules(RULES.format(""), table="nat")), place(nat=read_rules(RULES.format(many), table="nat")))
    assert found["host-rules"].evidence[0].cut


def test_only_what_is_compared_is_kept():
    views = {"interfaces": read_addresses(LO), "connections": Observation(command="conntrack -L")}
    assert set(views_of(place(**views))) == {"interfaces"}
