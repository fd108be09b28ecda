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
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.lab.images import BOX, MACHINE, build_images, host, tar
from explorer.node.this_node import lab_config
from tests import repacked
from tests.engine.stack import Stack

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]


def packages_at(place: Path) -> str:
    """The setting for 28 from a directory and 26 from a repository. What is at the place from an earlier run is used again."""
    place.chmod(0o755)
    config = replace(lab_config(), engines=("26", "28"), sources=(), images_dir=None)
    for engine in config.engines:
        if not (place / f"d{engine}").exists():
            build_images(config, [host(engine)], print)
            repacked.repack(tar(config, host(engine)), place / f"d{engine}")
    if not (place / "repo").exists():
        repacked.publish(place / "d26", place / "repo")
    (place / "cache").mkdir(exist_ok=True)
    for image in (MACHINE, BOX):  # these are not what is tried here
        known = tar(config, image)
        if known.exists() and not (place / "cache" / known.name).exists():
            os.symlink(known, place / "cache" / known.name)
    return f"99={place}/none\n28={place}/d28\n26={repacked.line_of(place / 'repo')}"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A node with 28 from a directory, 26 from a repository, and 99 from a directory that is not there."""
    with ExitStack() as ending:
        kept = os.environ.get("EXPLORER_REPACKED_AT")
        place = Path(kept or ending.enter_context(tempfile.TemporaryDirectory(prefix="docker-", dir="/var/tmp")))
        sources = packages_at(place)
        more = {"EXPLORER_ENGINE_SOURCES": sources, "EXPLORER_ENGINES": "99,28,26", "EXPLORER_CACHE": str(place / "cache")}
        with pytest.MonkeyPatch.context() as patched:
            for name, value in more.items():
                patched.setenv(name, value)
            node = Stack()
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
