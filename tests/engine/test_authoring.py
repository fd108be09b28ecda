"""Lessons that people bring, on a real engine: scenarios in Killercoda's form are solved; a check's script does no harm."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from explorer.lab.ask.script import OUTPUT_BYTES, run_script
from explorer.lab.inside.unix_http import to_path
from explorer.lab.watch.observe import Observer
from explorer.lessons.killercoda import import_scenario
from explorer.lessons.load import read_lesson
from explorer.network.model import Script
from explorer.node.lessons.solve import Silent, solve_lesson

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "killercoda"


def imported(name):
    root = EXAMPLES / name
    files = {str(path.relative_to(EXAMPLES)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    found = import_scenario(files)
    return read_lesson(found.slug, found.files)


async def test_scenarios_are_imported_and_solved(lab_config):
    told: list[str] = []
    lessons = [imported("container-address"), imported("publish-a-port")]
    results = await asyncio.gather(*(solve_lesson(lab_config, lesson, told.append, patience=8) for lesson in lessons))
    faults = [fault for result in results for step in result.steps for fault in step.faults]
    assert faults == [], "\n".join(told)
    assert [step.passed for step in results[0].steps] == [[], ["verify"], ["verify"], []]


BEHAVIOURS = {
    "good": ('echo fine; test "$(id -u)" = 0 && docker version >/dev/null', 0, "", "fine"),
    "says no": ("echo not yet >&2; exit 3", 3, "", "not yet"),
    "hangs": ("trap '' TERM HUP; sleep 60", None, "did not end within 2 s", ""),
    "leaves something behind": ("setsid sleep 61 & exit 0", 0, "", ""),
    "forks": (
        "fork() { setsid sleep 62 & fork & }; for i in $(seq 40); do setsid sleep 62 & done; wait",
        None,
        "did not end",
        "",
    ),
    "floods": ("yes", None, f"wrote more than {OUTPUT_BYTES // 1024} KiB", "y y y"),
    "hides what it leaves": ("env -u EXPLORER_SCRIPT setsid sleep 67 & exit 0", 0, "", ""),
    "hides and hangs": ("env -u EXPLORER_SCRIPT setsid sleep 68 & sleep 69", None, "did not end", ""),
    "is no script": ("if then", 2, "", "syntax error"),
}


async def test_a_script_answers_or_is_ended_and_leaves_nothing(lab_config, sandbox, shell):
    host = sandbox[1]["hosts"]["h1"]["container"]
    began = time.monotonic()
    for name, (text, status, error, said) in BEHAVIOURS.items():
        result = await run_script(to_path(str(lab_config.socket)), host, "h1", text, seconds=2)
        assert result.status == status, f"{name}: {result}"
        assert error in result.error, name
        assert said in result.said, name
        left = shell("h1", "ps -eo stat,args | grep -E '(sleep 6|yes)' | grep -v grep || true")[1]
        assert left.strip() == "", name
    assert time.monotonic() - began < 30


async def test_a_script_runs_on_hosts_only(lab_config, sandbox):
    observer = Observer(lab_config, sandbox[0], 1, sandbox[1], Silent())
    for place in ("outside", "h1/web", "nowhere"):
        assert (await observer.run_script(Script(place=place, file="x.sh"), "exit 0")).error == f"{place} is not there."
