"""Compose projects by labels: what counts as a label of Compose's, what a project added, and what the reasons say."""

import pytest

from explorer.network import projects
from explorer.network.added import added, owners
from explorer.network.explain import explain
from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Interface, Line, Observation, Place, Snapshot
from explorer.network.read.compose import network_of, service_of
from explorer.network.read.docker import read_docker

PROJECT, SERVICE, NETWORK = (f"com.docker.compose.{word}" for word in ("project", "service", "network"))


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({PROJECT: "shop", SERVICE: "web"}, ("shop", "web")),
        ({PROJECT: "shop-2_b", SERVICE: "Web.1"}, ("shop-2_b", "Web.1")),
        ({PROJECT: "shop"}, ("", "")),
        ({SERVICE: "web"}, ("", "")),
        ({PROJECT: "Shop", SERVICE: "web"}, ("", "")),
        ({PROJECT: "<b>shop", SERVICE: "web"}, ("", "")),
        ({PROJECT: "shop\n", SERVICE: "web"}, ("", "")),
        ({PROJECT: "ş", SERVICE: "web"}, ("", "")),
        ({PROJECT: "s" * 64, SERVICE: "web"}, ("", "")),
        ({PROJECT: "shop", SERVICE: "w" * 64}, ("", "")),
        ({PROJECT: "shop", SERVICE: "a b"}, ("", "")),
        ({PROJECT: ["shop"], SERVICE: {}}, ("", "")),
        (["shop"], ("", "")),
        (None, ("", "")),
    ],
)
def test_only_what_compose_would_write_is_a_label_of_its(labels, told):
    assert service_of(labels) == told


def test_a_list_and_an_inspection_are_read_alike():
    labels = {PROJECT: "shop", SERVICE: "web"}
    networks = [{"Id": "n", "Name": "shop_default", "Driver": "bridge", "Labels": {PROJECT: "shop", NETWORK: "default"}}]
    assert network_of(networks[0]["Labels"]) == ("shop", "default")
    listed = read_docker("h1", None, networks, [{"Id": "c", "Names": ["/shop-web-1"], "Labels": labels}])
    inspected = read_docker("h1", None, networks, [{"Id": "c", "Name": "/shop-web-1", "Config": {"Labels": labels}}])
    assert [(one.project, one.service) for one in (*listed.containers, *inspected.containers)] == [("shop", "web")] * 2
    assert (listed.networks[0].project, listed.networks[0].in_project) == ("shop", "default")


def shop():
    """A host with the project shop (a bridge and two containers) and one container of nobody's."""
    net = DockerNetwork(
        id="n" * 64, name="shop_default", driver="bridge", bridge="br-1", created=1000.0, project="shop", in_project="default"
    )
    of_shop = {"image": "box", "state": "running", "network_mode": "shop_default", "project": "shop", "created": 1001.0}
    containers = (
        DockerContainer(id="a", name="shop-web-1", service="web", **of_shop),
        DockerContainer(id="b", name="shop-db-1", service="db", **of_shop),
        DockerContainer(id="c", name="lone", image="box", state="running", network_mode="none", created=1002.0),
    )
    docker = DockerState(host="h1", version="28", networks=(net,), containers=containers)
    lines = (
        Line(text="5: br-1", key="if:5:br-1", about=("network:shop_default",)),
        Line(text="7: veth1", key="if:7:veth1", about=("container:shop-web-1", "network:shop_default")),
        Line(text="9: veth2", key="if:9:veth2", about=("container:shop-db-1", "network:shop_default")),
        Line(text="11: x", key="if:11:x"),
    )
    seen = Observation(command="ip addr", lines=lines, since=dict.fromkeys((line.key for line in lines), 1001.5))
    place = Place(id="h1", kind="host", host="h1", name="h1", netns=1, since=900.0, views={"interfaces": seen})
    return Snapshot(sandbox="s", places={"h1": place}, docker={"h1": docker})


def test_a_project_is_an_owner():
    told = {one.owner: (one.detail, one.count) for one in owners(shop(), "h1")}
    assert next(iter(told)) == "project:shop"
    assert told["project:shop"] == ("Compose project: 1 network, 2 services, 2 containers", 3)
    assert told["container:shop-web-1"] == ("box, running, service web of project shop", 1)
    assert told["network:shop_default"] == ("driver bridge, network default of project shop", 1)
    assert told["container:lone"] == ("box, running", 0)


def test_what_a_project_added_is_what_its_parts_added():
    found = added(shop(), "h1", "project:shop")
    groups = {group.cause: [entry.key for entry in group.entries] for group in found.groups}
    assert groups == {
        "network:shop_default": ["if:5:br-1"],
        "container:shop-web-1": ["if:7:veth1"],
        "container:shop-db-1": ["if:9:veth2"],
    }
    assert (found.count, found.watched, found.created) == (3, True, 1000.0)
    assert [entry.key for entry in found.unknown] == ["if:11:x"]
    assert added(shop(), "h1", "project:none").count == 0


def test_the_reason_of_a_line_names_the_service_by_its_label():
    docker = shop().docker["h1"]
    bridge = Interface(key="if:5:br-1", index=5, name="br-1", kind="bridge", mtu=1500, state="UP")
    seen = Observation(command="ip addr", lines=(Line(text="5: br-1", key=bridge.key),), items=(bridge,))
    place = Place(id="h1", kind="host", host="h1", name="h1", netns=1, views={"interfaces": seen})
    line = explain(place, "interfaces", seen, docker).lines[0]
    assert line.about[0] == "network:shop_default"
    assert line.why.endswith("By its labels, shop_default is network default of project shop.")
    plain = docker.model_copy(update={"networks": (docker.networks[0].model_copy(update={"project": "", "in_project": ""}),)})
    assert "labels" not in explain(place, "interfaces", seen, plain).lines[0].why


def test_a_hundred_services_are_counted():
    many = tuple(
        DockerContainer(id=str(n), name=f"p-s{n}-1", image="", state="", project="p", service=f"s{n}") for n in range(100)
    )
    assert projects.summary(many) == "Compose project: 100 services, 100 containers"
