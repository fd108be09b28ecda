"""The node reads rules with the newest nft that it has, and never with one that root in a host can put there."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.images import nodes_nft
from explorer.lab.images.names import tar
from explorer.lab.images.recipes import host
from explorer.lab.inside import tools

LOADER = '#!/bin/sh\nshift 2\nexec "$@"\n'  # stands for ld-linux: takes --library-path DIR, and the program


def says(version):
    return f"#!/bin/sh\necho 'nftables v{version} (a test)'\n"


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setitem(tools.ENVIRONMENT, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    own = tmp_path / "own"
    own.mkdir()
    (own / "nft").write_text(says("1.0.6"))
    (own / "nft").chmod(0o755)
    monkeypatch.setenv("PATH", f"{own}:{os.environ['PATH']}")
    made = LabConfig("t", "n", tmp_path / "engine", tmp_path / "run", tmp_path / "cache", engines=("26", "28"))
    made.cache_dir.mkdir()
    return made


def image(config, engine, nft, loader=LOADER):
    members = {
        "./usr/sbin/nft": nft,
        "./usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": loader,
        "./usr/lib/x86_64-linux-gnu/libnftables.so.1.1.0": "a library",
        "./usr/lib/x86_64-linux-gnu/xtables/libxt_addrtype.so": "an extension",
        "./usr/bin/python3": "not wanted",
        "./etc/../../nft": "not wanted",
    }
    with tarfile.open(tar(config, host(engine)), "w") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("./usr/lib/x86_64-linux-gnu/libnftables.so.1")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/libnftables.so.1.1.0"
        archive.addfile(link)


def taken(config):
    said = []
    nodes_nft._tried.clear()
    for engine in config.engines:
        nodes_nft.take(config, engine, said.append)
    return nodes_nft.version(str(nodes_nft.directory(config) / "nft")), said


def test_a_newer_nft_of_the_hosts_image_is_run_by_the_nodes_tools(config):
    image(config, "26", says("1.1.3"))
    assert taken(config)[0] == (1, 1, 3)
    nodes_nft.use(config)
    ran = subprocess.run(["sh", "-c", "nft --version"], env=tools.ENVIRONMENT, capture_output=True, text=True, check=True)
    assert "v1.1.3" in ran.stdout


def test_the_newest_of_several_is_taken_in_any_order(config):
    image(config, "28", says("1.1.7"))
    assert taken(config)[0] == (1, 1, 7)
    image(config, "26", says("1.1.3"))
    assert taken(config)[0] == (1, 1, 7)


def test_an_older_one_is_not_taken(config):
    image(config, "26", says("1.0.2"))
    assert taken(config)[0] == ()


def test_the_copy_of_an_image_that_is_gone_goes_and_the_one_in_use_stays(config):
    image(config, "26", says("1.1.3"))
    taken(config)
    tar(config, host("26")).unlink()
    image(config, "28", says("1.1.1"))
    assert taken(config)[0] == (1, 1, 3)
    image(config, "28", says("1.1.7"))
    for path in nodes_nft.directory(config).glob("host28*"):
        path.rmdir()
    assert taken(config)[0] == (1, 1, 7)
    assert len([path for path in nodes_nft.directory(config).iterdir() if path.is_dir()]) == 1


@pytest.mark.parametrize("nft", ["#!/bin/sh\nkill -SEGV $$\n", "no program", "#!/bin/sh\necho hello\n"])
def test_one_that_does_not_run_is_not_taken(config, nft):
    image(config, "26", nft)
    assert taken(config)[0] == ()


def test_an_image_that_cannot_be_read_is_said(config):
    tar(config, host("26")).write_bytes(b"no archive" * 100)
    version, said = taken(config)
    assert version == ()
    assert "hosts of Engine 26" in said[0]
    nodes_nft.take(config, "26", said.append)
    assert len(said) == 1, "it is said once for each image"
    nodes_nft.use(config)


def test_only_what_nft_needs_is_copied_and_no_link_leads_out(config):
    image(config, "26", says("1.1.3"))
    taken(config)
    (made,) = (path for path in nodes_nft.directory(config).iterdir() if path.is_dir())
    files = {str(path.relative_to(made)) for path in made.rglob("*") if not path.is_dir()}
    assert files == {
        "nft",
        "run",
        "lib/ld-linux-x86-64.so.2",
        "lib/libnftables.so.1",
        "lib/libnftables.so.1.1.0",
        "lib/xtables/libxt_addrtype.so",
    }
    assert (made / "lib/libnftables.so.1").read_text() == "a library"


def test_a_directory_that_others_may_write_to_is_not_used(config):
    image(config, "26", says("1.1.3"))
    taken(config)
    nodes_nft.directory(config).chmod(0o777)
    nodes_nft.use(config)
    assert str(nodes_nft.directory(config)) not in tools.ENVIRONMENT["PATH"]
