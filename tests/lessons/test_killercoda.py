"""Scenarios in Killercoda's form become lessons; what cannot be carried over is said with its file."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.lessons import render
from explorer.lessons.bundle import BadBundle
from explorer.lessons.killercoda import import_scenario, is_scenario, slug_of
from explorer.lessons.killercoda_text import convert_text, joined
from explorer.lessons.load import read_lesson
from explorer.lessons.model import Command

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "killercoda"


def example(name):
    root = EXAMPLES / name
    return {str(path.relative_to(EXAMPLES)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def scenario(details=None, files=None, **index):
    details = {"steps": [{"title": "One", "text": "1.md"}], **(details or {})}
    given = {"index.json": json.dumps({"title": "T", "details": details, **index}), "1.md": "Text.\n", **(files or {})}
    return import_scenario({name: text.encode() for name, text in given.items()}, "demo.zip")


def run(*commands):
    return [Command(place="h1", command=command) for command in commands]


@pytest.mark.parametrize("name", ["container-address", "publish-a-port"])
def test_our_own_examples_become_lessons(name):
    found = import_scenario(example(name))
    lesson = read_lesson(found.slug, found.files)
    assert found.slug == name
    assert [step.id for step in lesson.steps] == ["intro", "step-1", "step-2", "finish"]
    assert all(step.checks and step.commands for step in lesson.steps[1:3])


def test_what_is_lost_of_them_is_said():
    assert import_scenario(example("container-address")).left_out == (
        "intro.md: a link to elsewhere; its address stands there as text.",
    )
    told = import_scenario(example("publish-a-port")).left_out
    assert {one.partition(":")[0] for one in told} == {"intro.md", "step1.md", "prepare.sh", "index.json", "assets/motd"}


TEXTS = [
    ("Do `ls`{{exec}} now.", run("ls")),
    ("`ls -l`{{execute}}", run("ls -l")),
    ("```bash\nls\n# a comment\npwd\n```{{exec}}", run("ls", "pwd")),
    ("```\ndocker run \\\n  -d box\n```{{exec}}", run("docker run -d box")),
    ("```\nls |\n  wc\n```{{exec}}", run("ls | wc")),
    ("`ls`{{copy}} and `pwd`", []),
    ("```\nls\n```{{copy}}", []),
    ("```\nls\n```", []),
    ("~~~\nls\n~~~{{exec}}", run("ls")),
    ("1. First `a`{{exec}}\n2. Second `b`{{exec}}", run("a", "b")),
    ("```docker ps```{{exec}}", run("docker ps")),
    ("`docker inspect -f '{{.Name}}' web`{{exec}}", run("docker inspect -f '{{.Name}}' web")),
    ("- item\n\n  ```\n  ls\n  ```{{exec}}", run("ls")),
]


@pytest.mark.parametrize(("text", "commands"), TEXTS)
def test_code_that_can_be_clicked_becomes_run_blocks(text, commands):
    written, losses = convert_text(text)
    assert [command for _, command in render.commands(written)] == commands
    assert render.faults(written) == []
    assert losses == []
    assert "{{exec" not in written


LOSSES = [
    ("`a`{{exec interrupt}}", "interrupt", run("a")),
    ("`a`{{execute T2}}", "second terminal", run("a")),
    ("`a`{{execute HOST2}}", "second machine", []),
    ("`a.yaml`{{open}}", "editor", []),
    ("See [it]({{TRAFFIC_HOST1_80}}/path) or {{TRAFFIC_SELECTOR}}", "into the sandbox", []),
    ("https://[[HOST_SUBDOMAIN]]-80-[[KATACODA_HOST]].environments.example/", "into the sandbox", []),
    ("A {{WHAT}} B", "means nothing here", []),
    ("![alt](./x.png)", "a picture", []),
    ("[x](https://elsewhere.example/)", "a link to elsewhere", []),
    ("[x](other.md)", "a link to elsewhere", []),
    ("<https://elsewhere.example/>", "a link to elsewhere", []),
    ("[x][1]\n\n[1]: https://elsewhere.example/", "a link to elsewhere", []),
    ("<details>\n<summary>Solution</summary>\n\n`a`{{exec}}\n</details>", "raw HTML", run("a")),
    ("a<br>b <script>alert(1)</script>", "raw HTML", []),
    ("```\ncat <<EOF > x\nhello\nEOF\n```{{exec}}", "several lines", []),
    ("```\nfor i in 1 2; do\n  echo $i\ndone\n```{{exec}}", "several lines", []),
]


@pytest.mark.parametrize(("text", "what", "commands"), LOSSES)
def test_what_cannot_be_carried_over_is_said_and_leaves_a_sound_text(text, what, commands):
    written, losses = convert_text(text)
    assert [loss for loss in losses if what in loss] == losses != []
    assert render.faults(written) == []
    assert [command for _, command in render.commands(written)] == commands


def test_a_comment_in_html_is_nobodys_loss():
    assert convert_text("a\n<!-- not\nshown -->\nb") == ("a\n\nb\n", [])


@given(st.text(alphabet=st.sampled_from("`~{}exec \n<>![]()a/:-1|*#\\'\"&;\t"), max_size=120))
def test_any_text_becomes_one_that_a_lesson_may_hold(text):
    written, _ = convert_text(text)
    assert render.faults(written) == []


@pytest.mark.parametrize(
    ("lines", "commands"),
    [
        (["echo 'a", "b'"], None),
        (["if true; then", "ls", "fi"], None),
        (["for i in 1 2; do echo $i; done"], ["for i in 1 2; do echo $i; done"]),
        (["{ ls; }"], ["{ ls; }"]),
        (["f() {", "ls", "}"], None),
        (["a && \\", "b"], ["a && b"]),
        (["echo it\\'s"], ["echo it\\'s"]),
    ],
)
def test_one_line_is_one_command_or_none_is(lines, commands):
    assert joined(lines) == commands


def test_a_verify_script_becomes_a_check():
    found = scenario({"steps": [{"title": "One", "text": "1.md", "verify": "./v/1.sh"}]}, {"v/1.sh": "exit 0\n"})
    [check] = read_lesson("demo", found.files).steps[0].checks
    assert (check.when.kind, check.when.args) == ("script", {"file": "step-1.sh"})
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("", "is no script for a shell"),
        ("#!/usr/bin/env python3\n", "is no script for a shell"),
        ("x" * 17_000, "is bigger than 16 KiB"),
    ],
)
def test_a_verify_script_that_is_none_is_said(script, told):
    found = scenario({"steps": [{"text": "1.md", "verify": "v.sh"}]}, {"v.sh": script})
    assert told in found.left_out[0]
    assert read_lesson("demo", found.files).steps[0].checks == ()


def test_the_rest_of_an_index_is_said():
    found = scenario(
        {
            "intro": {"text": "1.md", "foreground": "f.sh", "courseData": "c.sh"},
            "assets": {"host01": [{"file": "*.yaml", "target": "/root"}]},
        },
        {"f.sh": "ls", "c.sh": "ls", "a.png": "x", "notes.txt": "x"},
        backend={"imageid": "kubernetes-kubeadm-2nodes"},
        interface={"layout": "ide"},
        difficulty="hard",
    )
    assert {one.partition(":")[0] for one in found.left_out} == {"f.sh", "c.sh", "index.json", "a.png", "notes.txt"}
    assert any("second machine" in one for one in found.left_out)
    assert any("'*.yaml' is not put on host01" in one for one in found.left_out)


BAD = [
    ("{", "index.json: is not JSON (line 1"),
    ("[]", 'index.json: has no "details"'),
    ('{"details": 5}', 'index.json: has no "details"'),
    ('{"details": {"steps": []}}', 'index.json: has no "steps"'),
    ('{"details": {"steps": [{"text": "no.md"}]}}', "no.md: is named by index.json and is not there"),
    ('{"details": {"steps": [{"text": "../1.md"}]}}', "../1.md: is named by index.json and is not there"),
    ('{"details": {"steps": [' + ",".join(["{}"] * 41) + "]}}", "has more than 40 steps"),
    ("[" * 60_000, "index.json: is JSON that cannot be read"),
]


@pytest.mark.parametrize(("index", "told"), BAD)
def test_what_is_no_scenario_is_refused_with_a_sentence(index, told):
    with pytest.raises(BadBundle) as caught:
        import_scenario({"index.json": index.encode(), "1.md": b"x"})
    assert told in str(caught.value)


def test_titles_of_any_kind_make_a_lesson():
    found = scenario({"steps": [{"title": 'Quo"te\\ \n\x7f', "text": "1.md"}]}, title="\ud800\u202eevil", description=7)
    lesson = read_lesson("demo", found.files)
    assert lesson.steps[0].title == 'Quo"te\\'


def test_a_lesson_is_no_scenario():
    assert is_scenario({"a/index.json": b""})
    assert not is_scenario({"a/index.json": b"", "a/lesson.toml": b""})


@pytest.mark.parametrize(("name", "slug"), [("My Scenario!.zip", "my-scenario"), ("../..", "imported"), ("x" * 90, "x" * 60)])
def test_a_slug_is_made_of_a_name(name, slug):
    assert slug_of(name) == slug
