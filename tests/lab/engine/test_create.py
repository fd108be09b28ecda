"""The program that creates a container: what it reads, what it changes."""

import json
import os
import subprocess
import sys

import pytest

from explorer.lab.engine import create, own_disk

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


def test_what_is_asked_for_is_taken_out_of_the_environment():
    asked = [
        "EXPLORER_IDS=1073741824",
        "EXPLORER_DISK=/disks/a.1.h1",
        "EXPLORER_SHELF=/shelf",
        "EXPLORER_DATA=/var/lib/containers",
    ]
    config = {"process": {"env": ["PATH=/bin", *asked, "LAN=10.77.0"]}}
    assert create.take_asked(config) == (1073741824, "/disks/a.1.h1", "/shelf", "/var/lib/containers")
    assert config["process"]["env"] == ["PATH=/bin", "LAN=10.77.0"]


@pytest.mark.parametrize("config", [{"process": {"env": ["EXPLORER_IDSX=1"]}}, {}], ids=["another name", "nothing"])
def test_a_container_that_asks_for_nothing_keeps_dockers_ways(config):
    assert create.take_asked(config) == create.Asked() == (None, "", "", "/var/lib/docker")


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own" / own_disk.ETC).mkdir(parents=True)
    return tmp_path / "own"


@pytest.fixture
def hosts(tmp_path):
    file = tmp_path / "hosts"
    file.write_text("127.0.0.1 localhost")
    return {"destination": "/etc/hosts", "type": "bind", "source": str(file), "options": ["rbind"]}


def test_dockers_files_for_etc_come_from_the_own_disk(own, hosts, tmp_path):
    time = {"destination": "/run/explorer", "type": "bind", "source": "/expires", "options": ["ro"]}
    (copy,) = create._put_on(str(own), [hosts, time], (os.getuid(), os.getgid()))
    assert hosts["source"] == str(own / "etc" / "hosts")
    assert time["source"] == "/expires", "nobody in the container may write it"
    (tmp_path / "hosts").write_text("127.0.0.1 localhost h1")
    create.copy_again([copy])
    assert (own / "etc" / "hosts").read_text() == "127.0.0.1 localhost h1", "what Docker wrote while runc worked counts"


def test_a_disk_of_a_host_brings_its_docker_data_and_one_of_a_machine_does_not(own):
    mounts = []
    create._put_on(str(own), mounts, (0, 0))
    assert mounts == []
    (own / own_disk.DOCKER).mkdir()
    create._put_on(str(own), mounts, (0, 0))
    assert [(one["destination"], one["source"]) for one in mounts] == [("/var/lib/docker", str(own / "docker"))]
    create._put_on(str(own), mounts, (0, 0), "/var/lib/containers")
    assert mounts[-1]["destination"] == "/var/lib/containers"


def test_without_an_own_disk_dockers_files_stay_where_they_are(hosts):
    before = dict(hosts)
    assert create._put_on("", [hosts], (0, 0)) == []
    assert hosts == before


@needs_root
def test_a_bundle_that_cannot_be_had_ends_with_a_sentence(tmp_path):
    bundle = {
        "process": {"env": ["EXPLORER_IDS=1073741824"]},
        "root": {"path": str(tmp_path / "nowhere")},
        "mounts": [],
        "linux": {"uidMappings": [{"hostID": 200_000}], "gidMappings": [{"hostID": 200_000}]},
    }
    (tmp_path / "config.json").write_text(json.dumps(bundle))
    done = subprocess.run(
        [sys.executable, "-S", "-m", create.__name__, "create", "--bundle", str(tmp_path), "abc"],
        env={**os.environ, create.FOLDER: str(tmp_path / "roots")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "could not be set up" in done.stderr
    assert json.loads((tmp_path / "config.json").read_text()) == bundle
