"""A bridge that does not know the way sends a frame out of every port, and once more when the sender repeats its packet."""

from explorer.network.journeys.identity import tcp_marks
from explorer.network.journeys.scene import Scene
from explorer.network.journeys.seen import recognised, without_floods
from tests.network.journeys.test_tell import HOST, SEQUENCE, WEB, interface, place, seen

PORTS = ("veth1", "veth2", "veth3")
SCENE = Scene(
    {
        "h1": place(
            "h1",
            "host",
            interface("docker0", "bridge", "172.17.0.1/16", mac="02:00:00:00:00:01"),
            *(interface(name, "veth", master="docker0", peer_place=f"h1/{name}", peer_name="eth0") for name in PORTS),
        ),
        **{
            f"h1/{name}": place(
                f"h1/{name}", "container", interface("eth0", "veth", mac="02:02:02:02:02:02" if name == "veth2" else "")
            )
            for name in PORTS
        },
    },
    {},
)
ENDS = (HOST, WEB, 40000, 80)


def kept(scene, *sightings):
    found, floods = without_floods(scene, recognised(tcp_marks(SEQUENCE)[0], sightings))
    return [(one.sighting.at // 1_000_000, one.sighting.device, one.sighting.way) for one in found], floods


def test_of_a_flood_the_port_of_the_machine_with_that_mac_address_is_kept():
    flood = [seen(3, "h1", name, "out", *ENDS) for name in PORTS]
    assert kept(SCENE, seen(2, "h1", "veth9", "in", *ENDS), *flood) == (
        [(2, "veth9", "in"), (3, "veth2", "out")],
        {("h1", "docker0"): PORTS},
    )


def test_a_packet_that_is_sent_again_ends_where_it_ended_before():
    once = [seen(2, "h1", "veth9", "in", *ENDS), *(seen(3, "h1", name, "out", *ENDS) for name in PORTS)]
    again = [seen(1002, "h1", "veth9", "in", *ENDS), *(seen(1003, "h1", name, "out", *ENDS) for name in PORTS)]
    found, floods = kept(SCENE, *once, *again)
    assert found[-1] == (1003, "veth2", "out"), "it left, and did not come in only"
    assert floods == {("h1", "docker0"): PORTS}, "each port is named once"


def test_one_port_that_sends_a_packet_twice_is_no_flood():
    found, floods = kept(SCENE, seen(3, "h1", "veth1", "out", *ENDS), seen(1003, "h1", "veth1", "out", *ENDS))
    assert (len(found), floods) == (2, {})
