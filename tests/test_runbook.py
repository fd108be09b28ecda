"""The runbook and the example alerts speak of metrics, log lines and commands that exist."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from pathlib import Path

import pytest
import yaml
from django.core.management import load_command_class

from explorer import settings
from explorer.live import edge
from explorer.sandboxes.figures import FIGURES
from explorer.web.edge import metrics

ROOT = Path(settings.BASE_DIR)
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
RULES = yaml.safe_load((ROOT / "docs/alerts.yml").read_text())["groups"][0]["rules"]
SECTIONS = re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", RUNBOOK, re.M | re.S)
CODE = "\n".join(path.read_text() for path in (ROOT / "explorer").rglob("*.py"))
APPS = {
    "reconcile": "explorer.node",
    "labdoctor": "explorer.node",
    "sandbox": "explorer.node",
    "instructor": "explorer.classroom",
}
# "`name` is false" and the like: what stands in code but is no log line
NOT_LOGGED = re.compile(r"explorer_\w+|EXPLORER_\w+|[a-z]+=|/\w+/?|var/logs/.*|docker compose .*|\w+")


def metrics_in(text):
    return set(re.findall(r"\bexplorer_\w+", text))


def exists(name):
    plain = re.sub(r"_(bucket|sum|count)$", "", name)
    return name in metrics.names() or (name != plain and plain in metrics.names())


def test_there_are_ten_alarms_each_with_a_rule():
    assert len(SECTIONS) == 10
    assert [name for name, _ in SECTIONS] == [rule["alert"] for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_metric_of_a_rule_exists(rule):
    assert metrics_in(rule["expr"])
    assert not {name for name in metrics_in(rule["expr"]) if not exists(name)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_labels_that_the_metric_has(rule):
    for name, label in re.findall(r"(explorer_\w+)\{(\w+)=", rule["expr"]):
        figure = FIGURES[re.sub(r"_bucket$", "", name)]
        assert label in figure.labels


@pytest.mark.parametrize(("name", "text"), SECTIONS, ids=[name for name, _ in SECTIONS])
def test_a_section_says_how_it_looks_what_it_means_and_what_to_do(name, text):
    assert re.findall(r"^- \*\*(.*?):\*\*", text, re.M) == ["Looks like", "Means", "Do"]
    assert metrics_in(text)
    assert not {metric for metric in metrics_in(text) if not exists(metric)}


@pytest.mark.parametrize(("name", "text"), SECTIONS, ids=[name for name, _ in SECTIONS])
def test_log_lines_that_it_quotes_are_in_the_code(name, text):
    quoted = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    for line in quoted:
        if not NOT_LOGGED.fullmatch(line):
            assert line in CODE, line


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^python manage\.py (.*)$", RUNBOOK, re.M))))
def test_commands_exist_and_take_these_options(line):
    command, *words = line.split()
    parser: ArgumentParser = load_command_class(APPS[command], command).create_parser("manage.py", command)
    parser.parse_args(words)


def test_the_metrics_of_sockets_are_those_that_the_sockets_count():
    named = {getattr(edge, name)._name for name in ("OPEN", "REFUSED", "SENT", "STRUCK")}
    listed = {name.removesuffix("_total") for name in metrics.OF_SOCKETS}
    assert named <= listed
