"""Our processes are ended after a learner's when memory runs out, where the kernel lets us say so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from explorer.launch import limits


@pytest.fixture
def score(tmp_path, monkeypatch):
    file = tmp_path / "oom_score_adj"
    monkeypatch.setattr(limits, "SCORE", file)
    return file


@pytest.mark.parametrize(("before", "after"), [(0, limits.OURS), (-900, -900)])
def test_the_score_is_lowered_and_never_raised(score, before, after):
    score.write_text(f"{before}\n")
    assert limits.protect() == after
    assert int(score.read_text()) == after


def test_a_kernel_that_refuses_is_no_reason_to_stop(score, monkeypatch):
    score.write_text("0\n")

    def refused(path, text):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.write_text", refused)
    assert limits.protect() == 0


@pytest.mark.parametrize(("limit", "after"), [((1024, 20_000), 20_000), ((1024, 10**6), limits.FILES), ((10**5, 10**6), 10**5)])
def test_as_many_files_as_are_allowed_and_never_fewer(monkeypatch, limit, after):
    kept = [limit]
    monkeypatch.setattr("explorer.launch.limits.resource.getrlimit", lambda which: kept[-1])
    monkeypatch.setattr("explorer.launch.limits.resource.setrlimit", lambda which, new: kept.append(new))
    assert limits.open_files() == after
    assert kept[-1][1] == limit[1]


def test_the_kernel_is_asked_and_its_answer_read_back():
    """In a child, with the real file: the lower score where the kernel allows it, else the one of this process."""
    program = "from explorer.launch import limits; print(limits.protect())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    capabilities = int(Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0], 16)
    ours = int(Path("/proc/self/oom_score_adj").read_text())
    assert int(done.stdout) == (min(ours, limits.OURS) if capabilities >> 24 & 1 else ours)
