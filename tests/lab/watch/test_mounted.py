"""Which mounts of a host name a namespace, and what is opened for one."""

import os
from contextlib import suppress
from pathlib import PurePosixPath

import pytest

from explorer.lab.inside.places import ProcessTable, name_places
from explorer.lab.watch import mounted
from explorer.lab.watch.mounted import is_wanted, mounted_namespaces, open_mounted
from explorer.network.model import DockerNetwork, DockerState

TABLE = """\
560 474 0:4 net:[4026533157] /run/netns/red rw shared:83 - nsfs nsfs rw
561 474 0:4 net:[4026533158] /run/docker/netns/1-qj2k9x8y7z rw - nsfs nsfs rw
562 474 0:4 net:[4026533159] /run/docker/netns/d39384ff1dba rw - nsfs nsfs rw
563 474 0:4 mnt:[4026533160] /run/netns/odd rw - nsfs nsfs rw
564 474 0:4 net:[4026533161] /etc/passwd rw - nsfs nsfs rw
nonsense
"""


def test_those_made_by_hand_and_those_of_overlays_are_found(monkeypatch):
    monkeypatch.setattr(mounted, "read_text", lambda path, limit: TABLE)
    assert mounted_namespaces(1) == {4026533157: "/run/netns/red", 4026533158: "/run/docker/netns/1-qj2k9x8y7z"}


@pytest.mark.parametrize("path", ["/run/netns/a b", "/run/netns/<b>", "/run/netns/x/../../etc", "/run/netns", "/run/netns/-x"])
def test_a_name_that_is_none_is_left_out(path):
    assert not is_wanted(PurePosixPath(path))


def test_a_host_that_has_gone_has_none():
    assert mounted_namespaces(999_999_999) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("path", ["/etc/hostname", "/no/such", "/dev/null", "/dev/kmsg", "/proc/self/ns/net", "/tmp"])
def test_what_is_no_namespace_of_the_sandbox_is_not_taken(path):
    with suppress(OSError):  # a link on the way is refused
        assert open_mounted(os.getpid(), path) is None


def test_an_overlay_is_called_by_its_network():
    network = DockerNetwork(id="qj2k9x8y7zabcdef", name="over", driver="overlay")
    docker = DockerState(host="h1", networks=(network,))
    seen = ProcessTable({}, {7: "/run/docker/netns/1-qj2k9x8y7z", 8: "/run/netns/red"})
    names = {sight.id: sight.name for sight in name_places("h1", 1, seen, docker)}
    assert names == {"h1": "h1", "h1/ns-7": "over (overlay)", "h1/ns-8": "red"}


def test_the_namespaces_of_podmans_containers_are_told_by_their_processes():
    assert not is_wanted(PurePosixPath("/run/netns/netns-e45472e7-8f83-02b6-660c-89373912007e"))
    assert is_wanted(PurePosixPath("/run/netns/netns-of-mine"))
