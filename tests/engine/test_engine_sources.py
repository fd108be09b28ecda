"""Hosts of Docker's own packages, from a directory and from an apt repository.

Docker's packages cannot be had everywhere, so Debian's Docker Engine is packed under their names and paths
(`tests/repacked.py`): 28 as a directory, 26 as a signed repository. Docker Engine 29 is not run here. The images are built,
which takes minutes, so only `make test-engines` runs this.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.lab.images import build_images, host, tar
from explorer.node.this_node import lab_config
from tests import repacked
from tests.engine.stack import Stack

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A node with 28 from a directory, 26 from a repository, and 99 from a directory that is not there."""
    config = replace(lab_config(), engines=("26", "28"), sources=())
    build_images(config, [host("26"), host("28")], print)
    with tempfile.TemporaryDirectory(prefix="docker-", dir="/var/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        repacked.repack(tar(config, host("28")), place / "docker-28")
        repacked.repack(tar(config, host("26")), place / "docker-26")
        line = repacked.publish(place / "docker-26", place / "repository")
        node = Stack()
        node.env |= {
            "EXPLORER_ENGINE_SOURCES": f"99={place}/none\n28={place}/docker-28\n26={line}",
            "EXPLORER_ENGINES": "99,28,26",
            "EXPLORER_CACHE": str(place / "cache"),
        }
        for image in ("machine", "box"):
            known = tar(config, image)
            (place / "cache").mkdir(exist_ok=True)
            if known.exists():
                os.symlink(known, place / "cache" / known.name)
        node.commands.end()
        node.commands = type(node.commands)(node.place, node.env, Path(__file__).resolve().parents[2])
        try:
            node.start_engine()
            yield node
        finally:
            node.end()


@pytest.mark.parametrize("engine", ["28", "26"])
def test_a_host_of_dockers_packages_runs_and_a_lesson_can_be_played(stack, engine):
    opened = stack.tell("open", "--engine", engine)
    name = opened["id"]
    try:
        said = stack.manage("sandbox", "exec", name, "h1", "--", "docker", "version", "--format", "{{.Server.Version}}")
        assert said.stdout.startswith(f"{engine}."), said.stderr
        packages = stack.manage("sandbox", "exec", name, "h1", "--", "dpkg-query", "-W", "docker-ce", "containerd.io").stdout
        assert f"docker-ce\t5:{engine}." in packages
        assert stack.manage("sandbox", "exec", name, "h1", "--", "docker", "compose", "version").returncode == 0
        left = stack.manage(
            "sandbox", "exec", name, "h1", "--", "ls", "/etc/apt/sources.list.d", "/etc/apt/preferences.d"
        ).stdout
        assert "docker" not in left
    finally:
        stack.tell("close", name)
    played = stack.manage("lesson", "solve", "bridge", "--engine", engine, seconds=600)
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr[-3000:]


def test_the_version_whose_directory_is_not_there_is_named_and_the_others_serve(stack):
    found = json.loads(stack.manage("labdoctor", "--json").stdout)
    assert set(found["engines"]) == {"26", "28"}
    check = next(one for one in found["checks"] if one["name"] == "engine versions")
    assert "99: The directory" in check["found"]
    assert "is not there." in check["found"]
    assert found["ok"], [one for one in found["checks"] if not one["ok"]]
    assert "left out: hosts with Docker Engine 99. The directory" in (stack.place / "engine.log").read_text()
