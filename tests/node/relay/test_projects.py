"""What a command of Compose did is one line of the timeline."""

import pytest

from explorer.lab.watch.happenings import Deed, deed_of, describe
from explorer.network.model import DockerNetwork, DockerState
from explorer.node.relay.projects import AT_WORK, HOLD, LONGEST, OBJECTS, QUIET, UNSTARTED, Projects, verb_of
from explorer.sandboxes.events import Happened


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        ("docker compose up -d", "up"),
        ("docker compose -f /srv/up.yml -p shop down", "down"),
        ("docker-compose restart web", "restart"),
        ("bash -c 'cd /srv && docker compose up'", "up"),
        ("docker compose ps", ""),
        ("docker run -d box", ""),
        ("docker run composer up", ""),
        ("", ""),
    ],
)
def test_the_verb_of_a_command(command, verb):
    assert verb_of(command) == verb


class Scene:
    """A host h1 whose events come at the times given; everything told is kept."""

    def __init__(self, listed=True, command="docker compose up -d"):
        self.projects, self.now, self.told = Projects(listed), 100.0, []
        if command:
            self.projects.hear_command("h1", command, self.now)

    def event(self, kind, action, name, project="shop", service="web", **facts):
        labels = {"com.docker.compose.project": project, "com.docker.compose.service": service} if kind == "container" else {}
        told = {"Type": kind, "Action": action, "Actor": {"ID": "i", "Attributes": {"name": name, **labels, **facts}}}
        text, detail = describe(told, {"i": name})
        line = Happened(source="docker", place="h1", text=text, detail=detail)
        self.told += self.projects.see(line, deed_of(told), 1000 + self.now, self.now)

    def network(self, *names, project="shop"):
        found = tuple(
            DockerNetwork(id=name, name=name, driver="bridge", project=project, in_project="x" if project else "")
            for name in names
        )
        self.told += self.projects.see_docker(DockerState(host="h1", networks=found), 1000 + self.now, self.now)

    def wait(self, seconds):
        self.now += seconds
        self.told += self.projects.take(self.now)

    @property
    def texts(self):
        return [line.text for line in self.told]


def test_up_is_one_line_with_what_it_made():
    scene = Scene()
    scene.event("network", "create", "shop_default")
    scene.network("shop_default")
    for service in ("db", "web"):
        scene.event("container", "create", f"shop-{service}-1", service=service)
    for service in ("db", "web"):
        scene.event("network", "connect", "shop_default", container="i")
        scene.event("container", "start", f"shop-{service}-1", service=service)
    assert scene.told == []
    scene.wait(QUIET + 0.1)
    assert scene.texts == ["compose up made network shop_default; made and started containers shop-db-1, shop-web-1"]
    assert scene.told[0].detail == "project shop, services db, web"
    assert (scene.told[0].source, scene.told[0].place, scene.told[0].began) == ("docker", "h1", 1100.0)


def test_a_slow_machine_does_not_divide_the_line():
    scene = Scene()
    scene.event("network", "create", "shop_default")
    scene.network("shop_default")
    scene.wait(QUIET + 2)
    scene.event("container", "create", "shop-web-1")
    scene.wait(QUIET + 2)
    scene.event("container", "start", "shop-web-1")
    assert scene.told == []
    scene.wait(QUIET + 0.1)
    assert scene.texts == ["compose up made network shop_default; made and started container shop-web-1"]


def test_containers_that_are_only_made_are_told_too():
    scene = Scene()
    for name in "ab":
        scene.event("container", "create", name)
    scene.wait(UNSTARTED + 0.1)
    assert scene.texts == ["compose up made containers a, b"]
    scene = Scene(command="docker compose create")
    for name in "ab":
        scene.event("container", "create", name)
    scene.wait(QUIET + 0.1)
    assert scene.texts == ["compose create made containers a, b"]


def test_down_and_a_second_up_that_replaces():
    scene = Scene(command="docker compose down")
    scene.network("shop_default")
    scene.event("container", "die", "shop-web-1", exitCode="0")
    scene.event("container", "destroy", "shop-web-1")
    scene.event("network", "destroy", "shop_default")
    scene.wait(QUIET + 0.1)
    assert scene.texts == ["compose down removed network shop_default; stopped and removed container shop-web-1"]
    scene.projects.hear_command("h1", "docker compose up", scene.now)
    scene.event("container", "create", "ab12_shop-web-1")
    scene.event("container", "die", "shop-web-1")
    scene.event("container", "destroy", "shop-web-1")
    scene.event("container", "rename", "shop-web-1", oldName="/ab12_shop-web-1")
    scene.event("container", "start", "shop-web-1")
    scene.wait(QUIET + 0.1)
    assert scene.texts[1:] == ["compose up replaced container shop-web-1"]


def test_many_are_counted_and_named_below():
    scene = Scene()
    for number in range(60):
        scene.event("container", "create", f"shop-s{number}-1", service=f"s{number}")
        scene.event("container", "start", f"shop-s{number}-1", service=f"s{number}")
    scene.wait(QUIET + 0.1)
    assert scene.texts == ["compose up made and started 60 containers"]
    assert "s0, s1" in scene.told[0].detail
    assert "and 20 more" in scene.told[0].detail


def test_a_flood_is_bounded():
    scene = Scene()
    for number in range(OBJECTS * 3):
        scene.event("container", "create", f"c{number}")
    for number in range(200):
        scene.event("container", "create", "one", project=f"p{number}")
    assert len(scene.told) >= 100, "beyond the number of sums, events are told as they come"
    scene.wait(LONGEST)
    assert f"compose up made at least {OBJECTS} containers" in scene.texts


def test_a_sum_is_told_though_events_go_on():
    scene = Scene()
    for _ in range(40):
        scene.event("container", "create", "a")
        scene.event("container", "start", "a")
        scene.wait(0.5)
    assert 1 <= len(scene.told) <= 2


def test_what_no_command_of_compose_did_is_told_as_it_came():
    scene = Scene(command="docker stop shop-web-1")
    scene.event("container", "die", "shop-web-1", exitCode="0")
    scene.event("network", "create", "town")
    assert scene.texts == ["container shop-web-1 stopped", "network town created"]
    scene = Scene()
    scene.now += AT_WORK + 1
    scene.event("container", "die", "shop-web-1")
    assert scene.texts == ["container shop-web-1 stopped"]


def test_one_event_alone_is_told_as_it_came():
    scene = Scene(command="docker compose stop")
    scene.event("container", "die", "shop-web-1", exitCode="0")
    scene.wait(QUIET + 0.1)
    assert scene.texts == ["container shop-web-1 stopped"]


def test_a_network_of_no_project_waits_a_moment_only():
    scene = Scene()
    scene.event("network", "create", "town")
    assert scene.told == []
    scene.network("town", project="")
    assert scene.texts == ["network town created"]
    scene.event("network", "create", "never-listed")
    assert scene.projects.due() == scene.now + HOLD
    scene.wait(HOLD + 0.1)
    assert scene.texts[1:] == ["network never-listed created"]


def test_where_no_commands_are_listed_the_labels_alone_decide():
    scene = Scene(listed=False, command="")
    scene.network("shop_default")
    scene.event("network", "create", "shop_default")
    scene.event("container", "create", "shop-web-1")
    scene.event("container", "start", "shop-web-1")
    scene.event("network", "create", "town")
    scene.wait(QUIET + 0.1)
    assert scene.texts == [
        "network town created",
        "project shop: made network shop_default; made and started container shop-web-1",
    ]


def test_a_deed_has_no_label_that_compose_would_not_write():
    labels = {"com.docker.compose.project": "<b>", "com.docker.compose.service": "web", "name": "x"}
    assert deed_of({"Type": "container", "Action": "start", "Actor": {"ID": "i", "Attributes": labels}}) is None
    assert deed_of({"Type": "network", "Action": "create", "Actor": {"ID": "i", "Attributes": {"name": "n"}}}) == Deed(
        "network", "n", "create"
    )
