"""What is remembered of networks and containers, when there are thousands of them."""

from __future__ import annotations

from explorer.network.model import DockerNetwork, DockerState, Line, Observation, Place
from explorer.node.relay.owners import PUT_BY_ALL, Owners


def state(*names: str) -> DockerState:
    return DockerState(host="h1", networks=tuple(DockerNetwork(id=name * 8, name=name, driver="bridge") for name in names))


def place(name: str) -> Place:
    line = Line(text=f"br-{name}", key=name, about=(f"network:{name}",))
    return Place(id="h1", name="h1", kind="host", netns=1, views={"interfaces": Observation(command="ip addr", lines=(line,))})


def test_lines_that_name_what_has_gone_already_do_not_stay():
    owners = Owners()
    for number in range(3 * PUT_BY_ALL):
        owners.see(place(f"n{number}"))
    assert len(owners._put) <= PUT_BY_ALL >= len(owners._more)
    owners.see_docker(state("bridge", "old"), state("bridge"), 1.0)
    assert not owners._put
    assert not owners._more


def test_what_stands_stays():
    owners = Owners()
    owners.see(place("town"))
    owners.see_docker(state("bridge", "town", "old"), state("bridge", "town"), 1.0)
    (gone,) = owners.see_docker(state("bridge", "town"), state("bridge"), 2.0)
    assert [put.key for put in gone.put] == ["town"]
