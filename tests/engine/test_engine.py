"""The engine's own life: quick to start, gone without a trace, whatever ended it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker.errors import NotFound

from explorer.lab import serve
from explorer.lab.config import LabConfig
from explorer.lab.engine import leftovers
from explorer.lab.engine.client import session
from explorer.lab.images import BOX
from explorer.lab.images.names import tar

pytestmark = pytest.mark.engine

# An engine without images: they are the other tests' business and take their time.
WITHOUT_IMAGES = """
import sys
from pathlib import Path
from explorer.lab import images, serve
from explorer.lab.config import LabConfig
images.build_images = serve.import_images = lambda *words: None
config = LabConfig(sys.argv[1], "node", *map(Path, sys.argv[2:5]))
sys.exit(serve.run_engine(config, lambda line: print(line, flush=True), lambda: print("ready", flush=True)))
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def config(lab_config: LabConfig) -> Iterator[LabConfig]:
    """An installation beside the tests' own, gone afterwards."""
    name = f"{lab_config.install}-life"
    beside = LabConfig(
        name, "node", lab_config.engine_dir.parent / name, lab_config.run_dir.parent / name, lab_config.cache_dir
    )
    yield beside
    leftovers.sweep(beside)
    subprocess.run(["rm", "-rf", str(beside.engine_dir), str(beside.run_dir)], check=True)


@pytest.fixture
def start(config: LabConfig) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin(until: str = "ready", places: LabConfig = config) -> subprocess.Popen[str]:
        words = [places.install, str(places.engine_dir), str(places.run_dir), str(places.cache_dir)]
        child = subprocess.Popen([sys.executable, "-c", WITHOUT_IMAGES, *words], stdout=subprocess.PIPE, text=True)
        started.append(child)
        assert child.stdout is not None
        if until:
            said = []
            for line in child.stdout:
                said.append(line)
                if line.strip() == until:
                    return child
            pytest.fail("it ended before it was ready: " + "".join(said))
        return child

    yield begin
    for child in started:
        if child.poll() is None:
            child.terminate()
            child.wait(30)
        assert child.stdout is not None
        child.stdout.close()


def run_a_container(config: LabConfig) -> int:
    """The process id of something that does not want to end."""
    with session(config) as client:
        client.api.import_image_from_file(str(tar(config, BOX)), repository="stubborn", tag="1")
        words = ["/usr/bin/bash", "-c", "trap '' TERM; while :; do sleep 1; done"]
        labels = config.labels | {"explorer.sandbox": "s", "explorer.generation": "1"}
        made = client.api.create_container("stubborn:1", words, labels=labels)["Id"]
        client.api.start(made)
        return int(client.api.inspect_container(made)["State"]["Pid"])


def alive(pid: int) -> bool:
    """A dead process that nobody has collected yet has no command line."""
    try:
        return b"trap" in Path("/proc", str(pid), "cmdline").read_bytes()
    except OSError:
        return False


def traces(config: LabConfig) -> list[str]:
    found = [f"process {pid}" for pid in leftovers.our_processes(config)]
    found += [f"group {path}" for path in leftovers.our_cgroups(config)]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found += [line for line in mounts if str(config.engine_dir) + "/" in line or str(config.run_dir) + "/" in line]
    found += [str(path) for path in (Path("/run/netns", config.netns), config.run_dir) if path.exists()]
    return found


def test_nothing_is_left_after_a_stop(config, start):
    child = start()
    pid = run_a_container(config)
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 0
    assert traces(config) == []
    assert not alive(pid)


def test_a_second_start_is_quick_and_finds_no_container(config, start):
    first = start()
    run_a_container(config)
    first.send_signal(signal.SIGINT)
    assert first.wait(30) == 0
    began = time.monotonic()
    start()
    assert time.monotonic() - began < 4
    with session(config) as client:
        assert client.api.containers(all=True) == []
        assert client.api.images("stubborn:1"), "images stay"


def test_the_daemon_dies_with_its_parent(config, start):
    child = start()
    child.kill()
    child.wait()
    until = time.monotonic() + 60
    while leftovers.our_processes(config):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_what_two_killed_processes_left_is_swept_at_the_next_start(config, start):
    child = start()
    pid = run_a_container(config)
    daemon = int(serve.pid_file(config).read_text())
    child.kill()
    os.kill(daemon, signal.SIGKILL)
    child.wait()
    assert alive(pid)
    start()
    assert not alive(pid)
    with session(config) as client:
        assert client.api.containers(all=True) == []


def test_a_daemon_that_dies_ends_the_whole_with_a_sentence(config, start):
    child = start()
    run_a_container(config)
    os.kill(int(serve.pid_file(config).read_text()), signal.SIGKILL)
    assert child.wait(30) == 1
    assert "ended by itself" in child.stdout.read()
    assert traces(config) == []


def test_one_engine_per_installation(config, start):
    start()
    second = start(until="")
    assert second.wait(10) == 1
    with session(config) as client:
        assert client.ping(), "the first goes on"


def test_a_directory_nobody_may_pass_is_named(config, start, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    places = LabConfig(config.install, "node", closed / "engine", config.run_dir, config.cache_dir)
    child = start(until="", places=places)
    assert child.wait(10) == 1
    assert "may not pass" in child.stdout.read()


def test_the_engine_is_not_the_machines_own(lab_config):
    with session(lab_config) as client:
        info = client.info()
    assert info["DockerRootDir"].startswith(str(lab_config.engine_dir))
    assert any("userns" in option for option in info["SecurityOptions"])
    assert Path("/run/netns", lab_config.netns).stat().st_ino != Path("/proc/self/ns/net").stat().st_ino


def test_images_older_than_their_inputs_go(lab_config):
    with session(lab_config) as client:
        names = [name for image in client.api.images() for name in image["RepoTags"] or ()]
        kept = sorted(name.split(":")[0] for name in names)
        # further hosts are prepared while the node serves already
        further = ("explorer/host28", "explorer/podman")
        assert [name for name in kept if name not in further] == ["explorer/host", "explorer/machine"]
        assert all(kept.count(name) <= 1 for name in further)
        with pytest.raises(NotFound):
            client.api.inspect_image("explorer/host:older")
