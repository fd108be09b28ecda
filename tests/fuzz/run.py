"""Targets, one after another, each for some seconds: python -m tests.fuzz.run SECONDS [TARGET], which `make fuzz` calls.

    python -m tests.fuzz.run --once TARGET FILE     one input again

Guided by coverage where atheris is there (var/fuzz/site), else by hypothesis; it says which. An input that breaks a parser is
kept in var/fuzz/crashes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from tests.fuzz.inputs import inputs
from tests.fuzz.targets import TARGETS, Target, attempt

TOP = Path(__file__).parents[2]
CRASHES, CORPUS = TOP / "var/fuzz/crashes", TOP / "var/fuzz/corpus"
ONE_INPUT, MEMORY_MB = 20, 2_048


def main(words: list[str]) -> int:
    if words[:1] == ["--once"]:
        attempt(TARGETS[words[1]], Path(words[2]).read_bytes())
        print(f"{words[1]} takes it.")
        return 0
    seconds, names = int(words[0]), words[1:] or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        print(f"No target {', '.join(unknown)}. There are: {', '.join(TARGETS)}.")
        return 2
    guide = guided if importlib.util.find_spec("atheris") else unguided
    led = "atheris, by coverage" if guide is guided else "hypothesis, without coverage: atheris is not here"
    print(f"{led}, {seconds} s each", flush=True)
    broken = 0
    for name in names:
        began = time.monotonic()
        told, crash = guide(name, seconds)
        print(f"{'✗' if crash else '✓'} {name:17} {time.monotonic() - began:6.1f} s  {told}", flush=True)
        if crash:
            broken += 1
            print(f"    again: .venv/bin/python -m tests.fuzz.run --once {name} {crash.relative_to(TOP)}")
            print(f"    repaired? keep it: mkdir -p tests/fuzz/crashes/{name}; cp {crash.relative_to(TOP)} $_/", flush=True)
    return 1 if broken else 0


def guided(name: str, seconds: int) -> tuple[str, Path | None]:
    target, kept = TARGETS[name], CRASHES / name
    corpus, given_seeds = CORPUS / name, CORPUS / f"{name}.seeds"
    for folder in (kept, corpus, given_seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        keep(seed[: target.length], given_seeds)
    before = set(kept.iterdir())
    options = (
        f"-max_total_time={seconds}",
        f"-max_len={target.length}",
        f"-timeout={ONE_INPUT}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={kept}/",
        "-print_final_stats=1",
    )
    command = [sys.executable, "-m", "tests.fuzz.guided", name, *options, str(corpus), str(given_seeds)]
    ran = subprocess.run(command, cwd=TOP, capture_output=True, text=True, errors="replace", env=os.environ)
    found = next((path for path in set(kept.iterdir()) - before), None)
    told = figures(ran.stderr + ran.stdout)
    if ran.returncode and not found:
        raise SystemExit(f"atheris itself failed on {name}:\n{ran.stderr[-2_000:]}")
    return (f"{told}\n{last_words(ran.stdout + ran.stderr)}" if found else told), found


def figures(said: str) -> str:
    """What libFuzzer counted: executions, edges of our code reached, inputs that reached something new."""
    units = re.search(r"number_of_executed_units:\s*(\d+)", said)
    edges = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", said)
    reached = f"edges {edges[0][0]} → {edges[-1][0]}, {edges[-1][2]} inputs kept" if edges else "none of it in Python of ours"
    return f"{int(units[1]) if units else 0:,} executions, {reached}"


def last_words(said: str) -> str:
    found = re.search(r"=== Uncaught Python exception: ===(.*?)^==", said, re.S | re.M)
    told = found[1] if found else said[-1_500:]
    return "\n".join(f"    │ {line}" for line in told.strip().splitlines()[-12:])


def unguided(name: str, seconds: int) -> tuple[str, Path | None]:
    target, until = TARGETS[name], time.monotonic() + seconds
    tried, broke = 0, b""

    @settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(inputs(target))
    def some(data: bytes) -> None:
        nonlocal tried, broke
        if time.monotonic() < until:
            tried, broke = tried + 1, data
            attempt(target, data)

    try:
        while time.monotonic() < until:
            some()
    except Exception as error:
        return f"{tried:,} executions, then {type(error).__name__}: {str(error)[:300]}", keep(
            smallest(target, broke), CRASHES / name
        )
    return f"{tried:,} executions", None


def smallest(target: Target, data: bytes) -> bytes:
    """Hypothesis has made it small already; the end may still be of no matter."""
    while data:
        try:
            attempt(target, data[:-1])
            return data
        except Exception:
            data = data[:-1]
    return data


def keep(data: bytes, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
