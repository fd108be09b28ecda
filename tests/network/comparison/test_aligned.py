"""Columns side by side: the same thing stands in one row whatever it happens to be called, and only differences are marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.comparison import Column, all_variants
from explorer.network.comparison.aligned import NEAR, SHARED, SIDES, aligned
from explorer.network.comparison.host import added_cells
from explorer.network.comparison.model import LINES
from explorer.network.comparison.roles import NAMES, Roles, roles_of
from explorer.network.model import Line, Observation, Place
from explorer.network.read import read_addresses, read_routes, read_rules
from explorer.network.views import observe

HOST = """\
1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN
{number}: {bridge}: <BROADCAST,UP> mtu {mtu} qdisc noqueue state UP
    link/ether {mac} brd ff:ff:ff:ff:ff:ff
"""


def host(number=3, bridge="br-0123456789ab", mtu=1500, mac="02:42:00:00:00:01", **more):
    text = HOST.format(number=number, bridge=bridge, mtu=mtu, mac=mac)
    return Column(variant=all_variants()["bridge"], state="done", after={"interfaces": read_addresses(text)}, **more)


def rules(*lines, table="filter"):
    text = "\n".join([f"*{table}", ":DOCKER - [0:0]", *lines, "COMMIT"])
    return Column(variant=all_variants()["bridge"], state="done", after={table: read_rules(text, table)})


def words(entry):
    return [part.text for line in entry.lines for part in line if part.differs]


def test_a_bridge_with_another_name_number_and_mac_is_the_same_bridge():
    seen = aligned([host(), host(9, "br-ba9876543210", mac="02:42:ff:00:00:07")], "interfaces")
    assert [row.differs for row in seen.rows] == [False, False]


def test_what_differs_is_marked_and_nothing_else():
    seen = aligned([host(mtu=1500), host(mtu=1450, bridge="br-ba9876543210")], "interfaces")
    [row] = [row for row in seen.rows if row.differs]
    assert [words(entry) for entry in row.entries] == [["1500"], ["1450"]]


def test_what_only_one_has_stands_in_its_place_and_nowhere_else():
    two = [
        rules("[0:0] -A DOCKER -j A", "[0:0] -A DOCKER -j C"),
        rules("[5:9] -A DOCKER -j A", "[0:0] -A DOCKER -j B", "[7:7] -A DOCKER -j C"),
    ]
    seen = aligned(two, "filter")
    assert [row.key for row in seen.rows] == [
        "filter :DOCKER",
        "filter -A DOCKER -j A",
        "filter -A DOCKER -j B",
        "filter -A DOCKER -j C",
    ]
    assert [row.differs for row in seen.rows] == [False, False, True, False]
    assert seen.rows[2].entries[0] is None
    assert [(fold.same, len(fold.rows)) for fold in seen.folds] == [(True, 2), (False, 1), (True, 1)]


def test_rules_that_say_nearly_the_same_are_one_row_with_the_difference_marked():
    one = rules("-A DOCKER ! -i br-0123456789ab -p tcp --dport 8080 -j DNAT", table="nat")
    two = rules("-A DOCKER -d 127.0.0.1/32 ! -i br-0123456789ab -p tcp --dport 8080 -j DNAT", table="nat")
    [row] = [row for row in aligned([one, two], "nat").rows if row.differs]
    assert [words(entry) for entry in row.entries] == [[], ["-d 127.0.0.1/32"]]


def test_rules_with_another_target_are_never_one_row():
    seen = aligned([rules("-A DOCKER -p tcp --dport 80 -j ACCEPT"), rules("-A DOCKER -p tcp --dport 80 -j DROP")], "filter")
    assert [sum(entry is None for entry in row.entries) for row in seen.rows if row.differs] == [1, 1]


def test_a_flood_of_rules_is_not_held_against_each_other():
    one = rules(*(f"-A DOCKER -s 10.0.0.{n} -d 1.1.1.1 -p tcp -j DROP" for n in range(NEAR)))
    two = rules(*(f"-A DOCKER -s 10.0.1.{n} -d 1.1.1.1 -p tcp -j DROP" for n in range(NEAR)))
    assert aligned([one, two], "filter").differing == 2 * NEAR


def test_routes_are_known_by_where_they_lead():
    routes = ("default via 10.77.0.1 dev eth0", "default via 10.77.0.9 dev eth0")
    columns = [Column(variant=all_variants()["bridge"], state="done", after={"routes": read_routes(text)}) for text in routes]
    [row] = aligned(columns, "routes").rows
    assert (row.title, row.differs, words(row.entries[1])) == ("default", True, ["10.77.0.9"])


def test_nothing_seen_is_no_difference_and_says_why():
    failed = Column(variant=all_variants()["ipvlan"], state="lacks", error="This kernel has no ipvlan.")
    seen = aligned([host(), failed, Column(variant=all_variants()["none"])], "interfaces")
    assert seen.differing == 0
    assert seen.notes == ("", "This kernel has no ipvlan.", "Not seen yet.")


def test_an_unreadable_view_says_so():
    unread = Observation(command="ip addr", error="gone")
    broken = Column(variant=all_variants()["none"], state="done", after={"interfaces": unread})
    assert aligned([host(), broken], "interfaces").notes == ("", "gone")


def test_what_the_work_brought_is_new_and_what_was_there_is_not():
    was = read_addresses("1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN")
    [row, bridge] = aligned([host(before={"interfaces": was}), host()], "interfaces").rows
    assert [entry.new for entry in (*row.entries, *bridge.entries)] == [False, False, True, False]


def test_text_keeps_every_word_of_the_tool(five):
    for side in SIDES:
        for row in aligned(five.columns, side).rows:
            for entry in filter(None, row.entries):
                for line, steady in zip(entry.lines, entry.steady, strict=True):
                    shown = " ".join("".join(part.text if part.text.isspace() else f" {part.text}" for part in line).split())
                    assert len(shown.split()) == len(steady.split(" "))


@pytest.mark.parametrize("side", SIDES)
def test_a_column_does_not_differ_from_itself(five, side):
    for column in five.columns:
        seen = aligned([column, column], side)
        assert seen.differing == 0
        assert seen.rows or side in ("raw", "client-routes")  # where there may be nothing


def test_the_container_on_host_has_what_the_host_has(five):
    seen = aligned(five.columns, "client-interfaces")
    assert seen.notes[1] == SHARED
    docker0 = next(row for row in seen.rows if row.title == "docker0")
    assert [entry is not None for entry in docker0.entries] == [False, True, False, False, False]


def test_on_the_host_only_bridge_and_overlay_leave_interfaces(five):
    seen = aligned(five.columns, "interfaces")
    there = {row.title: [entry is not None for entry in row.entries] for row in seen.rows}
    assert there["bridge of town"] == [True, False, False, False, False]
    assert there["docker_gwbridge"] == [False, False, False, False, True]
    assert there["veth of server"] == [True, False, False, False, True]
    assert {row.title for row in seen.rows if not row.differs} == {"lo", "docker0", "eth0"}


def test_two_engines_differ_in_their_rules_and_not_in_their_interfaces(engines):
    assert aligned(engines.columns, "interfaces").differing == 0
    assert aligned(engines.columns, "routes").differing == 0
    new = [row.key for row in aligned(engines.columns, "filter").rows if row.entries[0] is None]
    assert "filter :DOCKER-FORWARD" in new


def test_names_of_a_column_say_what_they_are_for(five):
    bridge = roles_of(five.columns[0])
    assert bridge.of("172.18.0.2") == "⟨server⟩"
    assert bridge.steady("172.18.0.2:80") == "⟨server⟩:80"
    assert bridge.steady("172.18.0.20") == "172.18.0.20"
    assert bridge.steady("10.77.0.11") == "⟨h1⟩"
    assert bridge.steady("5: veth0123456@if4: <UP>") == "⟨number⟩ ⟨a\xa0veth⟩@⟨other\xa0end⟩: <UP>"


def test_names_are_bounded(five):
    column = five.columns[0]
    h1 = column.snapshot.places["h1"]
    seen = h1.views["interfaces"]
    one = seen.items[-1]
    many = tuple(one.model_copy(update={"mac": f"02:00:00:00:{n // 256:02x}:{n % 256:02x}"}) for n in range(2 * NAMES))
    crowded = h1.model_copy(update={"views": {"interfaces": seen.model_copy(update={"items": many})}})
    snapshot = column.snapshot.model_copy(update={"places": {"h1": crowded}})
    assert len(roles_of(column.model_copy(update={"snapshot": snapshot})).names) == NAMES


def test_lines_are_bounded():
    lines = tuple(Line(text=f"{n} line", key=str(n)) for n in range(LINES + 50))
    one = Column(variant=all_variants()["none"], state="done", after={"fdb": Observation(command="x", lines=lines)})
    assert len(aligned([one], "fdb").rows) == LINES


@given(st.text(max_size=200))
def test_any_line_keeps_its_number_of_words(text):
    roles = Roles({"eth0": "⟨card of h1⟩", "10.0.0.1": "⟨a host⟩"})
    assert len(roles.steady(text).split(" ")) == max(1, len(text.split()))


# --- tables of nft ----------------------------------------------------------------------------------------------------


def nft(bridge="br-0123456789ab", address="172.18.0.2", port=8080, packets=0, more=""):
    text = f"""table ip docker-bridges {{
	map jumps {{
		type ifname : verdict
		elements = {{ "docker0" : jump in__docker0,
		"{bridge}" : jump in__{bridge} }}
	}}

	chain in__docker0 {{
		counter packets {packets} bytes {packets * 60} drop comment "UNPUBLISHED PORT DROP"
	}}

	chain in__{bridge} {{
		ip daddr {address} tcp dport {port} counter packets {packets} bytes {packets} accept
{more}	}}
}}
"""
    return Column(variant=all_variants()["bridge"], state="done", after={"raw": observe("raw", "", "", "", "", text)})


def test_chains_maps_and_rules_of_nft_stand_in_one_row_whatever_the_bridge_is_called():
    seen = aligned([nft(), nft("br-ba9876543210", packets=7)], "raw")
    assert [row.differs for row in seen.rows] == [False] * len(seen.rows)
    assert [row.key.partition(" ")[2] for row in seen.rows] == [
        ":table",
        ":map jumps",
        ":jumps docker0",
        ":jumps ⟨a\N{NO-BREAK SPACE}bridge⟩",
        ":in__docker0",
        '-A in__docker0 counter drop comment "UNPUBLISHED PORT DROP" -j DROP',
        ":in__⟨a\N{NO-BREAK SPACE}bridge⟩",
        "-A in__⟨a\N{NO-BREAK SPACE}bridge⟩ ip daddr 172.18.0.2 tcp dport 8080 counter accept -j ACCEPT",
    ]


def test_a_rule_of_nft_that_is_nearly_the_same_is_one_row_with_the_difference_marked():
    [row] = [row for row in aligned([nft(), nft(port=9090)], "raw").rows if row.differs]
    assert [words(entry) for entry in row.entries] == [["8080"], ["9090"]]


def test_an_element_that_only_one_has_changes_no_other():
    fewer = nft()
    text = "\n".join(line.text for line in fewer.after["raw"].lines)
    text = text.replace(',\n\t\t"br-0123456789ab" : jump in__br-0123456789ab', "")
    other = Column(variant=all_variants()["bridge"], state="done", after={"raw": observe("raw", "", "", "", "", text)})
    assert [row.key for row in aligned([fewer, other], "raw").rows if row.differs] == [
        "docker-bridges :jumps ⟨a\N{NO-BREAK SPACE}bridge⟩"
    ]


def test_rules_of_nft_count_as_rules_that_the_work_added():
    before, after = nft(), nft(more="\t\tcounter packets 0 bytes 0 return\n")
    places = [{"h1": Place(id="h1", kind="host", host="h1", name="h1", views=column.after)} for column in (before, after)]
    cell = next(cell for cell in added_cells(places[0], places[1]) if cell.row == "host-rules")
    assert (cell.number, cell.value) == (1, "docker-bridges 1")


def test_rules_of_a_table_for_both_families_count_for_the_family_of_their_addresses():
    text = """table inet mine {
	chain c {
		ip saddr 10.0.0.0/8 masquerade
		ip6 saddr fd00::/8 masquerade
		counter packets 0 bytes 0 accept
	}
}
"""
    place = Place(id="h1", kind="host", host="h1", name="h1", views={"raw": observe("raw", "", "", "", "", text)})
    cells = {cell.row: cell.number for cell in added_cells({}, {"h1": place}, by_family=True)}
    assert (cells["host-rules"], cells["rules4"], cells["rules6"]) == (3, 2, 2)
