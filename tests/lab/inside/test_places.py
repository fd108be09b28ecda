"""What a learner calls the namespaces the kernel shows."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from explorer.lab.inside import places
from explorer.lab.inside.places import ControlGroup, Process, ProcessTable, name_places, unnamed
from explorer.network.model import DockerContainer, DockerState

WEB, APP = "a" * 64, "b" * 64
HOME = 100


def docker(**names):
    ids = {"web": WEB, "app": APP}
    containers = tuple(DockerContainer(id=ids[key], name=name, image="box", state="running") for key, name in names.items())
    return DockerState(host="h1", version="26", containers=containers)


def seen(**more):
    return ProcessTable({HOME: [Process(1)], **{int(inode[1:]): processes for inode, processes in more.items()}})


def test_the_host_comes_first_even_without_a_process_or_a_daemon():
    (host,) = name_places("h1", HOME, ProcessTable(), None)
    assert (host.id, host.kind, host.netns) == ("h1", "host", HOME)


def test_a_container_is_called_what_docker_calls_it():
    sights = name_places("h1", HOME, seen(n7=[Process(7, WEB, 5)]), docker(web="web"))
    assert [(sight.id, sight.kind, sight.netns) for sight in sights] == [("h1", "host", 100), ("h1/web", "container", 7)]


def test_a_container_on_the_hosts_network_shares_it():
    sights = name_places("h1", HOME, ProcessTable({HOME: [Process(1), Process(7, WEB, 5)]}), docker(web="web"))
    assert sights[1].shares == "h1"


def test_of_two_containers_in_one_namespace_the_older_owns_it():
    together = seen(n7=[Process(7, WEB, 9), Process(8, APP, 5)])
    shares = {sight.id: sight.shares for sight in name_places("h1", HOME, together, docker(web="web", app="app"))}
    assert shares == {"h1": "", "h1/app": "", "h1/web": "h1/app"}


def test_what_a_container_started_in_another_namespace_is_a_namespace():
    inner = seen(n7=[Process(7, WEB, 5)], n8=[Process(8, WEB, 6)])
    kinds = {sight.id: sight.kind for sight in name_places("h1", HOME, inner, docker(web="web"))}
    assert kinds == {"h1": "host", "h1/web": "container", "h1/ns-8": "namespace"}


def test_a_namespace_nobody_names_is_called_by_its_inode():
    assert name_places("h1", HOME, seen(n9=[Process(9)]), None)[1].id == "h1/ns-9"


@pytest.mark.parametrize("name", ["../h2", "<b>", "a/b", "", "x" * 200, "-v", "a b", "a\n"])
def test_a_name_that_is_no_name_is_not_used(name):
    sights = name_places("h1", HOME, seen(n7=[Process(7, WEB, 5)]), docker(web=name))
    assert sights[1].id == "h1/ns-7"


def test_a_daemon_that_gives_two_containers_one_name_cannot_merge_them():
    both = seen(n7=[Process(7, WEB, 5)], n8=[Process(8, APP, 6)])
    ids = [sight.id for sight in name_places("h1", HOME, both, docker(web="web", app="web"))]
    assert ids == ["h1", "h1/web", "h1/ns-8"]


def test_a_container_that_imitates_a_namespace_keeps_ids_unique():
    both = seen(n7=[Process(7, WEB, 5)], n8=[Process(8)])
    ids = [sight.id for sight in name_places("h1", HOME, both, docker(web="ns-8"))]
    assert len(ids) == len(set(ids))


def test_a_container_whose_name_is_not_known_yet_is_waited_for():
    new = seen(n7=[Process(7, WEB, 5)])
    assert unnamed(new, None) == {7: WEB}
    assert not unnamed(new, docker(web="web"))


def group(tmp_path, **procs):
    for name, text in procs.items():
        directory = tmp_path / name.replace("__", "/") if name != "top" else tmp_path
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "cgroup.procs").write_text(text)
    return ControlGroup(tmp_path, "/docker/x")


def test_the_inner_container_is_in_the_path(tmp_path):
    (tmp_path / "docker" / WEB).mkdir(parents=True)
    (tmp_path / "docker" / WEB / "cgroup.procs").write_text("12\n13\n")
    (tmp_path / "docker" / "cgroup.procs").write_text("")
    (tmp_path / "cgroup.procs").write_text("11\n")
    found = list(ControlGroup(tmp_path, "/docker/x").processes())
    assert found == [(11, ""), (12, WEB), (13, WEB)]


def test_systemd_names_are_understood(tmp_path):
    (tmp_path / f"docker-{WEB}.scope").mkdir()
    (tmp_path / f"docker-{WEB}.scope" / "cgroup.procs").write_text("12\n")
    (tmp_path / "cgroup.procs").write_text("")
    assert list(ControlGroup(tmp_path, "/docker/x").processes()) == [(12, WEB)]


def test_thousands_of_groups_are_cut_and_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "GROUPS_READ", 5)
    for number in range(20):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cgroup.procs").write_text("")
    (tmp_path / "cgroup.procs").write_text("1\n")
    assert list(ControlGroup(tmp_path, "/x").processes()) == [(1, ""), (0, "")]


def test_thousands_of_processes_are_cut_and_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "PROCESSES_READ", 3)
    (tmp_path / "cgroup.procs").write_text("1\n2\n3\n4\n5\n")
    assert list(ControlGroup(tmp_path, "/x").processes()) == [(1, ""), (2, ""), (3, ""), (0, "")]


def test_a_process_elsewhere_does_not_belong():
    assert not ControlGroup(Path("/nowhere"), "/docker/" + WEB).belongs(os.getpid())


def test_looking_at_ourselves_finds_our_namespace(tmp_path):
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n1\n999999999\n")
    found = places.look(ControlGroup(tmp_path, "/x"))
    assert os.getpid() in [process.pid for process in found.namespaces[os.stat("/proc/self/ns/net").st_ino]]
    assert not found.cut


def test_a_container_whose_first_step_is_still_in_the_hosts_namespace_is_not_there_yet(tmp_path):
    """runc gives it its control group before its namespaces; shown then, it would come, go and come again."""
    home = os.stat("/proc/self/ns/net").st_ino
    (tmp_path / "init").write_text("read word\nexec tail -f /dev/null\n")
    child = subprocess.Popen(["runc", "init"], executable="/bin/sh", cwd=tmp_path, stdin=subprocess.PIPE)
    try:
        (tmp_path / "cgroup.procs").write_text("")
        (tmp_path / WEB).mkdir()
        (tmp_path / WEB / "cgroup.procs").write_text(f"{child.pid}\n")
        inside = ControlGroup(tmp_path, "/x")
        until = time.monotonic() + 5
        while b"runc" not in Path(f"/proc/{child.pid}/cmdline").read_bytes():
            assert time.monotonic() < until
        assert not places.look(inside, home).containers
        assert places.look(inside, home + 1).containers  # in a namespace of its own it is there, whatever it is called
        child.stdin.write(b"\n")
        child.stdin.flush()
        while not places.look(inside, home).containers:  # a container on the host's network, once it is itself
            assert time.monotonic() < until
    finally:
        child.kill()
        child.wait()
        child.stdin.close()


# --- a host's control group, and a /proc that lies ---
UNIFIED = f"0::/explorer-t/{WEB}/init.scope\n"
V1 = f"9:memory:/other\n5:pids:/explorer-t/{WEB}\n0::/elsewhere\n"


@pytest.fixture
def proc(monkeypatch, tmp_path):
    """/proc/PID/cgroup and /proc/self/mountinfo as a test writes them; the mount points are real directories."""
    files: dict[str, str] = {}
    real = places.read_text

    def read(path, limit=places.FILE_BYTES):
        told = files.get(str(path))
        if told is None and str(path).startswith("/proc/"):
            raise FileNotFoundError(path)
        return real(path, limit) if told is None else told

    monkeypatch.setattr(places, "read_text", read)
    files["/proc/self/mountinfo"] = (
        f"30 25 0:26 / {tmp_path}/unified rw - cgroup2 cgroup2 rw\n"
        f"31 25 0:27 / {tmp_path}/pids rw - cgroup cgroup rw,pids\n"
        "32 25 0:28 / /sys rw - sysfs sysfs rw\nnonsense\n"
    )
    return files


def test_the_group_is_the_containers_own_whatever_lies_below(proc, tmp_path):
    (tmp_path / "unified/explorer-t" / WEB).mkdir(parents=True)
    proc["/proc/7/cgroup"] = UNIFIED
    found = ControlGroup.of(7, WEB)
    assert found.directory == tmp_path / "unified/explorer-t" / WEB
    assert found.path == f"/explorer-t/{WEB}"


def test_on_version_one_it_is_that_of_the_pids_controller(proc, tmp_path):
    (tmp_path / "pids/explorer-t" / WEB).mkdir(parents=True)
    (tmp_path / "unified").mkdir()
    proc["/proc/7/cgroup"] = V1
    assert ControlGroup.of(7, WEB).directory == tmp_path / "pids/explorer-t" / WEB


def test_a_hierarchy_that_is_mounted_from_below_its_root(proc, tmp_path):
    """As in a container that sees its own part only."""
    proc["/proc/self/mountinfo"] = f"30 25 0:26 /explorer-t {tmp_path}/part rw - cgroup2 cgroup2 rw\n"
    (tmp_path / "part" / WEB).mkdir(parents=True)
    proc["/proc/7/cgroup"] = UNIFIED
    assert ControlGroup.of(7, WEB).directory == tmp_path / "part" / WEB


@pytest.mark.parametrize(
    "told",
    ["", "nonsense\n", "0::/\n", f"0::/explorer-t/{APP}\n", f"0::/explorer-t/{WEB}\n", "5:pids\n", ":::::\n"],
    ids=["empty", "nonsense", "the root", "another container", "a directory that is gone", "cut", "colons"],
)
def test_a_process_in_no_group_of_that_container_is_refused(proc, told):
    proc["/proc/7/cgroup"] = told
    with pytest.raises(OSError, match="no control group"):
        ControlGroup.of(7, WEB)


def test_a_process_that_is_gone_is_refused(proc):
    with pytest.raises(OSError, match="cgroup"):
        ControlGroup.of(7, WEB)


@pytest.mark.parametrize(
    ("told", "belongs"),
    [
        ("0::/docker/x\n", True),
        ("0::/docker/x/below\n", True),
        ("3:cpu:/elsewhere\n5:pids:/docker/x\n", True),
        ("0::/docker/xy\n", False),
        ("0::/else/docker/x\n", False),
        ("0:/docker/x\n", False),
        ("", False),
    ],
)
def test_who_belongs_to_a_group(proc, told, belongs):
    proc["/proc/7/cgroup"] = told
    assert ControlGroup(Path("/nowhere"), "/docker/x").belongs(7) is belongs


@pytest.mark.parametrize("told", ["", "7", "7 (x) S", "7 (x) " + "y " * 30])
def test_a_process_that_does_not_say_when_it_began(proc, told):
    proc["/proc/7/stat"] = told
    assert places.start_time(7) == 0


def test_when_a_process_with_a_confusing_name_began(proc):
    proc["/proc/7/stat"] = "7 (a) b (c)) " + " ".join(["S", *map(str, range(1, 30))])
    assert places.start_time(7) == 19


def test_groups_that_vanish_while_they_are_read_are_passed_over(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").write_text("12\n" if name == "b" else "")
    (tmp_path / "cgroup.procs").write_text("11\n")
    (tmp_path / "a" / "cgroup.procs").unlink()
    assert list(ControlGroup(tmp_path, "/x").processes()) == [(11, ""), (12, "")]


def test_a_link_among_groups_is_not_followed(tmp_path):
    (tmp_path / "cgroup.procs").write_text("11\n")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list(ControlGroup(tmp_path, "/x").processes()) == [(11, "")]


@pytest.mark.parametrize(
    ("path", "container"),
    [
        (f"docker/{WEB}", WEB),
        (f"docker/{WEB}/init", WEB),
        (f"docker-{WEB}.scope", WEB),
        (f"libpod_parent/libpod-{WEB}", WEB),
        (f"libpod_parent/libpod-{WEB}/container", WEB),
        (f"libpod_parent/libpod-conmon-{WEB}", ""),
        (f"x{WEB}", ""),
        ("libpod_parent/conmon", ""),
    ],
)
def test_whose_a_control_group_is(path, container):
    found = places.CONTAINER.search(path)
    assert (found[1] if found else "") == container
