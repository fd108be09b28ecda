"""What the shelf refuses before anything is loaded, and what it keeps and sweeps."""

import io
import json
import os
import tarfile
from types import SimpleNamespace

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError
from explorer.lab.hosts import stocking
from explorer.lab.images import shelf

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the shelf belongs to root")


@pytest.fixture
def config(tmp_path):
    (tmp_path / "tmp").mkdir()
    return LabConfig("t", "node1", tmp_path, tmp_path / "run", tmp_path / "cache", image_mb=16, shelf_mb=32)


def archive(path, names):
    with tarfile.open(path, "w") as made:
        for name in names:
            made.addfile(tarfile.TarInfo(name), io.BytesIO())
    return path


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["manifest.json", "a/layer.tar"], "image"),
        (["./oci-layout", "blobs/x"], "image"),
        (["./bin/sh", "etc/passwd"], "root"),
    ],
)
def test_the_kind_of_an_archive(tmp_path, names, kind):
    assert stocking.kind_of(archive(tmp_path / "a.tar", names)) == kind


def test_a_tar_that_is_none_and_one_of_something_else(tmp_path):
    junk = tmp_path / "junk.tar"
    junk.write_bytes(os.urandom(4096))
    with pytest.raises(NodeError, match="not a tar archive"):
        stocking.kind_of(junk)
    with pytest.raises(NodeError, match="no image and of no root"):
        stocking.kind_of(archive(tmp_path / "a.tar", ["holiday.jpg"]))
    (tmp_path / "empty.tar").touch()
    with pytest.raises(NodeError):
        stocking.kind_of(tmp_path / "empty.tar")


def test_sizes_have_limits(config, monkeypatch):
    with pytest.raises(NodeError, match="larger than one may be: 5120 MB") as refused:
        stocking.check_room(config, 5 * 2**30)
    assert "EXPLORER_IMAGE_MB" in refused.value.detail
    shelf.record(config, one("a", size=30 * 2**20))
    with pytest.raises(NodeError, match="The shelf is full: 30 MB"):
        stocking.check_room(config, 8 * 2**20)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=2**30))
    with pytest.raises(NodeError, match="no room for it"):
        stocking.check_room(config, 1)


@pytest.mark.parametrize("source", ["/nowhere", "nothing", "-x/y", "a b/c", "../x/y"])
def test_a_source_that_is_none(config, source):
    with pytest.raises(NodeError, match="no such file"), stocking._as_tar(config, source):
        pass


def one(name, size=1, layers=("l" * 26,), chain="a" * 64, **more):
    return shelf.Shelved(name, "latest", f"sha256:{chain}", layers, (f"sha256:{chain}",), size, 1.0, "file", **more)


def test_a_shelf_is_named_by_its_content(config):
    assert shelf.key(config) == ""
    shelf.record(config, one("a"))
    first = shelf.key(config)
    shelf.record(config, one("b", answers_to=("nginx:latest",)))
    assert shelf.key(config) not in ("", first)
    assert shelf.references(config) == ("a:latest", "b:latest", "nginx:latest")
    assert shelf.key_of((one("b", answers_to=("nginx:latest",)), one("a"))) == shelf.key(config), "in whatever order they came"
    shelf.strike(config, one("b"))
    assert shelf.key(config) == first
    (shelf.folder(config) / "images" / "torn.json").write_text('{"name": ')
    assert shelf.key(config) == first


def test_a_record_with_one_other_name_is_read_as_before(config):
    shelf.record(config, one("a", answers_to=("nginx:latest",)))
    path = next((shelf.folder(config) / "images").glob("*.json"))
    written = json.loads(path.read_text())
    now, key = shelf.images(config), shelf.key(config)
    del written["answers_to"], written["stand_in"]
    path.write_text(json.dumps(written | {"stands_for": "nginx:latest"}))
    assert shelf.images(config) == now
    assert shelf.key(config) == key, "its disk templates are still right"
    path.write_text(json.dumps(written | {"stands_for": ""}))
    assert shelf.images(config)[0].answers_to == ()


@pytest.mark.parametrize("text", ["[]", '"a"', "{}", '{"layers": [], "chains": []}', '{"stands_for": ""}'])
def test_a_record_that_is_none_is_no_image(config, text):
    (shelf.folder(config) / "images").mkdir(parents=True)
    (shelf.folder(config) / "images" / "a.json").write_text(text)
    assert shelf.images(config) == ()


def test_a_stand_in_is_called_one_under_each_of_its_names(config):
    shelf.record(config, one("web", answers_to=("nginx:latest", "nginx:1"), stand_in=True))
    shelf.record(config, one("app"))
    called = ["nginx:1 (a stand-in)", "nginx:latest (a stand-in)", "web:latest (a stand-in)"]
    assert shelf.references(config) == ("app:latest", *called)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("b", "a"), "a:latest is on the shelf already."),
        (("b", "nginx:1"), "nginx:1 is a name that a:latest answers to."),
        (("nginx:1",), "nginx:1 is a name that a:latest answers to."),
        (("box",), "box is the image that every host has already."),
        (("b", "box:latest"), "box is the image that every host has already."),
        (("b", "<b>"), "That is not the name of an image."),
    ],
)
def test_a_name_belongs_to_one_image(config, asked, sentence):
    shelf.record(config, one("a", answers_to=("nginx:latest", "nginx:1")))
    with pytest.raises(NodeError) as refused:
        stocking.free_names(config, asked[0], asked[1:])
    assert str(refused.value) == sentence


def test_an_image_may_take_its_own_place_and_a_name_counts_once(config):
    shelf.record(config, one("a", answers_to=("nginx:latest",)))
    assert stocking.free_names(config, "a", ["nginx", "nginx:latest", "a:latest"]) == ("a:latest", "nginx:latest")


@needs_root
def test_layers_move_and_leave_a_link_and_special_files_go(config, tmp_path):
    layer = "a" * 30
    content = tmp_path / "data" / shelf.OVERLAY / layer / "diff"
    content.mkdir(parents=True)
    (content / "file").write_text("x")
    os.mkfifo(content / "pipe")
    os.mknod(content / "gone", 0o020600, 0)  # how overlay writes that a file was removed
    assert shelf.take_layers(config, tmp_path / "data") == [layer]
    assert os.readlink(content) == f"{shelf.MOUNTED}/{layer}"
    assert sorted(os.listdir(shelf.layers_dir(config) / layer)) == ["file", "gone"]
    assert shelf.take_layers(config, tmp_path / "data") == [], "what is on the shelf already"
    assert [path.name for path in shelf.lone(config, set())] == [layer]
    assert shelf.lone(config, {layer}) == []
    shelf.sweep(config, set())
    assert os.listdir(shelf.layers_dir(config)) == []


@needs_root
def test_a_host_gets_the_records_and_the_names(config, tmp_path):
    store, target = shelf.store_dir(config), tmp_path / "host"
    (store / shelf.IMAGE / "imagedb").mkdir(parents=True)
    (store / shelf.OVERLAY / ("l" * 26)).mkdir(parents=True)
    (target / shelf.IMAGE).mkdir(parents=True)
    (target / shelf.OVERLAY).mkdir()
    (target / shelf.IMAGE / "repositories.json").write_text('{"Repositories": {"box": {"box:latest": "sha256:b"}}}')
    shelf.put_store(config, target, (one("web", answers_to=("nginx:latest", "nginx:1")),))
    told = json.loads((target / shelf.IMAGE / "repositories.json").read_text())["Repositories"]
    assert told["box"] == {"box:latest": "sha256:b"}
    assert told["nginx"] == {f"nginx:{tag}": f"sha256:{'a' * 64}" for tag in ("latest", "1")}
    assert told["web"] == {"web:latest": f"sha256:{'a' * 64}"}
    assert (target / shelf.OVERLAY / ("l" * 26)).is_dir()


def test_records_that_docker_would_not_write_are_refused(config, tmp_path):
    with pytest.raises(NodeError):
        shelf.chains_of(tmp_path, "sha256:../../etc/passwd")
    with pytest.raises(NodeError):
        shelf.chains_of(tmp_path, f"sha256:{'a' * 64}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[7]",
        '[{"Id": "sha256:aa", "Size": 1}]',
        '[{"Id": "x", "Size": "big", "RootFS": {}}]',
        '[{"Id": "x", "Size": 1, "RootFS": {}, "Config": "x"}]',
        '[{"Id": "sha',
    ],
)
def test_what_an_image_says_of_itself_is_cut_off_or_no_sense(text):
    with pytest.raises(NodeError, match="What the image says of itself"):
        stocking._described(text)


def test_nothing_is_fetched_onto_a_disk_without_room(config, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=2**30))
    monkeypatch.setattr(stocking, "_pull", lambda *asked: pytest.fail("it was fetched"))
    with pytest.raises(NodeError, match="no room for it"), stocking._as_tar(config, "registry.example/app"):
        pass


@pytest.mark.parametrize(("megabytes", "said"), [(40, "shop/big is larger than an image may be"), (1, "could not be had")])
def test_an_image_that_is_too_large_is_not_fetched_whole(config, tmp_path, monkeypatch, megabytes, said):
    fake = tmp_path / "bin" / "skopeo"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nfor last; do :; done\nhead -c {megabytes}M /dev/zero >"${{last#docker-archive:}}"; exit 1\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(NodeError, match=said):
        stocking._pull(config, "shop/big", tmp_path / "a.tar")
    assert (tmp_path / "a.tar").stat().st_size <= 16 * 2**20


def test_a_layer_that_is_too_large_by_itself_is_the_same_sentence(config, tmp_path, monkeypatch):
    """skopeo fetches a layer into a file of its own before it writes the archive."""
    fake = tmp_path / "bin" / "skopeo"
    fake.parent.mkdir()
    script = 'head -c 40M /dev/zero >"$2/layer" || echo "write $2/layer: file too large" >&2'
    fake.write_text(f'#!/bin/sh\n[ "$1" = --tmpdir ] || exit 2\n{script}\nexit 1\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(NodeError, match="shop/big is larger than an image may be"):
        stocking._pull(config, "shop/big", tmp_path / "a.tar")
    assert (tmp_path / "layer").stat().st_size <= 16 * 2**20
