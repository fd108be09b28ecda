"""Stand-ins that an operator asks for: which, under which names, and what is looked at before anything is built."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError
from explorer.lab.hosts import stand_ins, stocking
from explorer.lab.images import shelf
from explorer.lab.images.stand_ins import STAND_INS


@pytest.fixture
def config(tmp_path):
    (tmp_path / "tmp").mkdir()
    return LabConfig("t", "node1", tmp_path, tmp_path / "run", tmp_path / "cache")


@pytest.fixture
def done(monkeypatch, tmp_path):
    """What was built and put on the shelf, in place of doing it."""
    made: list = []

    @contextmanager
    def packed(config, name):
        yield tmp_path / f"{name}.tar"

    def put(config, name, source, say, answers_to, origin):
        made.append(("put", name, *answers_to))
        one = shelf.Shelved(name, "latest", "sha256:a", (), (), 1, 1.0, origin, tuple(answers_to), stand_in=True)
        shelf.record(config, one)
        return one

    @contextmanager
    def session(config):
        yield None

    monkeypatch.setattr(stand_ins, "build_images", lambda config, names, say: made.append(("build", *names)))
    monkeypatch.setattr(stand_ins, "archive", packed)
    monkeypatch.setattr(stand_ins, "session", session)
    monkeypatch.setattr(stocking, "a_ready_engine", lambda config, client: "26")
    monkeypatch.setattr(stocking, "add", put)
    return made


def other(reference, **more):
    name, _, tag = reference.partition(":")
    return shelf.Shelved(name, tag, "sha256:b", (), (), 1, 1.0, "file", **more)


def test_each_gets_the_names_that_are_its():
    asked = ["nginx", "nginx:1.27", "alpine", "busybox"]
    assert stand_ins.choose(["web-server", "small-shell"], asked) == {
        "web-server": ["nginx", "nginx:1.27"],
        "small-shell": ["alpine", "busybox"],
    }
    assert stand_ins.choose(list(STAND_INS), []) == {name: [] for name in STAND_INS}, "without being told, to no other name"


@pytest.mark.parametrize(
    ("names", "answers_to", "sentence", "detail"),
    [
        (["webserver"], [], "There is no stand-in called webserver.", "web-server, key-value, database, small-shell"),
        (["web-server"], ["redis"], "None of these stand-ins may answer to redis.", "web-server may answer to nginx"),
        (["web-server"], ["nginx extra"], "not the name of an image", "nginx extra"),
        (list(STAND_INS), ["mysql:8"], "may answer to mysql.", "small-shell may answer to alpine and busybox"),
    ],
)
def test_what_there_is_not_is_said(names, answers_to, sentence, detail):
    with pytest.raises(NodeError) as refused:
        stand_ins.choose(names, answers_to)
    assert sentence in str(refused.value)
    assert detail in refused.value.detail


def test_each_is_on_the_shelf_before_the_next_is_built(config, done):
    found = list(stand_ins.add(config, {"web-server": ["nginx"], "key-value": []}, lambda line: None))
    assert done == [("build", "web-server"), ("put", "web-server", "nginx"), ("build", "key-value"), ("put", "key-value")]
    assert [one.source for one in found] == ["Debian's nginx", "Debian's redis"]


def test_asked_again_it_takes_its_own_place(config, done):
    for answers_to in (["nginx"], []):
        list(stand_ins.add(config, {"web-server": answers_to}, lambda line: None))
    assert shelf.references(config) == ("web-server:latest (a stand-in)",), "names that are left out are taken back"


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        (other("nginx:latest"), "nginx:latest is on the shelf already."),
        (other("shop:1", answers_to=("nginx:latest",)), "nginx:latest is a name that shop:1 answers to."),
        (other("web-server:latest"), "web-server:latest is on the shelf already, and it is no stand-in."),
    ],
)
def test_a_name_that_another_image_has_is_refused_before_anything_is_built(config, done, there, sentence):
    shelf.record(config, there)
    with pytest.raises(NodeError) as refused:
        list(stand_ins.add(config, {"key-value": [], "web-server": ["nginx"]}, lambda line: None))
    assert str(refused.value) == sentence
    assert done == []


def test_nothing_is_built_for_a_full_shelf(config, done):
    shelf.record(config, replace(other("large:1"), bytes=20 * 2**30))
    with pytest.raises(NodeError, match="The shelf is full"):
        list(stand_ins.add(config, {"web-server": []}, lambda line: None))
    assert done == []


def test_nothing_is_built_while_no_engine_runs(config, monkeypatch):
    built = []
    monkeypatch.setattr(stand_ins, "build_images", lambda config, names, say: built.append(names))
    with pytest.raises(NodeError, match="engine does not answer"):
        list(stand_ins.add(config, {"web-server": []}, lambda line: None))
    assert built == []
