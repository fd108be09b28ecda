"""`manage.py image`: what it asks of the node, and what it says."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from explorer.lab.errors import NodeError
from explorer.lab.hosts import stand_ins, stocking
from explorer.lab.images import STAND_INS, shelf
from explorer.node.management.commands import image
from explorer.node.this_node import lab_config


@pytest.fixture
def asked(monkeypatch, settings, tmp_path):
    """What the node was asked to do. `broken` names a stand-in that cannot be built; `renewed` counts."""
    settings.ENGINE_DIR = tmp_path
    lab_config.cache_clear()
    told: dict[str, Any] = {"broken": "", "renewed": 0, "add": []}

    def put(config, name, source, say, answers_to=(), origin=""):
        told["add"].append((name, source, list(answers_to)))
        others = tuple(":".join(shelf.parse(other)) for other in answers_to)
        one = shelf.Shelved(
            *shelf.parse(name), "sha256:a", ("l",), ("c",), 45_000_000, 1.0, origin or source, others, bool(origin)
        )
        shelf.record(config, one)
        return one

    def built(config, chosen, say):
        for name, others in chosen.items():
            if name == told["broken"]:
                raise NodeError(f"The image {name} could not be built.", "E: nothing there")
            yield put(config, name, "", say, others, STAND_INS[name].origin)

    def renew():
        told["renewed"] += 1
        return 2

    monkeypatch.setattr(stocking, "add", put)
    monkeypatch.setattr(stand_ins, "add", built)
    monkeypatch.setattr(image, "renew_warm", renew)
    yield told
    lab_config.cache_clear()


def run(capsys, *words):
    capsys.readouterr()
    call_command("image", *words)
    return capsys.readouterr().out


def refusal(capsys, *words):
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        call_command("image", *words)
    assert ended.value.code == 1
    return capsys.readouterr().err


def test_an_image_may_have_several_further_names(asked, capsys):
    said = run(capsys, "add", "shop:2", "--from", "shop.tar", "--answers-to", "nginx, nginx:1.27")
    assert asked["add"] == [("shop:2", "shop.tar", ["nginx", "nginx:1.27"])]
    assert said == (
        "shop:2 is on the shelf (45 MB, answers to nginx:latest, nginx:1.27); every host opened from now on has it\n"
    )


def test_the_list_says_what_is_a_stand_in_and_what_it_answers_to(asked, capsys):
    run(capsys, "add", "shop:2", "--from", "shop.tar")
    run(capsys, "stand-in", "web-server", "--answers-to", "nginx")
    shop, web, _ = run(capsys, "list").splitlines()
    assert shop.startswith("shop:2 ")
    assert shop.endswith("1970-01-01  shop.tar")
    assert web.startswith("web-server:latest (a stand-in) ")
    assert web.endswith("Debian's nginx, answers to nginx:latest")


def test_without_being_told_a_stand_in_has_its_own_name_only(asked, capsys):
    assert run(capsys, "stand-in", "key-value").startswith("1 of the stand-ins are on the shelf")
    assert asked["add"] == [("key-value", "", [])]
    assert asked["renewed"] == 1


def test_all_of_them_each_with_its_names(asked, capsys):
    told = json.loads(run(capsys, "stand-in", "--all", "--answers-to", "nginx,redis,postgres,alpine,busybox", "--json"))
    assert [one["name"] for one in told["stand_ins"]] == list(STAND_INS)
    assert told["stand_ins"][-1]["answers_to"] == ["alpine:latest", "busybox:latest"]
    assert told["renewed"] == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Name stand-ins, or say --all. there are web-server, key-value, database, small-shell"),
        (["web-server", "--all"], "Name stand-ins, or say --all."),
        (["nginx"], "There is no stand-in called nginx."),
        (["key-value", "--answers-to", "nginx"], "None of these stand-ins may answer to nginx."),
    ],
)
def test_what_cannot_be_is_one_sentence(asked, capsys, words, sentence):
    assert sentence in refusal(capsys, "stand-in", *words)
    assert (asked["add"], asked["renewed"]) == ([], 0)


def test_when_one_cannot_be_built_those_before_it_stay_and_hosts_get_them(asked, capsys):
    asked["broken"] = "key-value"
    said = refusal(capsys, "stand-in", "--all")
    assert "web-server:latest (a stand-in) is on the shelf" in said
    assert "The image key-value could not be built. E: nothing there" in said
    assert asked["renewed"] == 1
    assert shelf.references(lab_config()) == ("web-server:latest (a stand-in)",)


def test_the_earlier_option_is_gone(asked):
    with pytest.raises(CommandError):
        call_command("image", "add", "shop", "--from", "shop.tar", "--stands-for", "nginx")
