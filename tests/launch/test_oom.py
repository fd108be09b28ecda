"""Our processes are ended after a learner's when memory runs out, where the kernel lets us say so."""

from __future__ import annotations

import pytest

from explorer.launch import oom


@pytest.fixture
def score(tmp_path, monkeypatch):
    file = tmp_path / "oom_score_adj"
    monkeypatch.setattr(oom, "SCORE", file)
    return file


@pytest.mark.parametrize(("before", "after"), [(0, oom.OURS), (-900, -900)])
def test_the_score_is_lowered_and_never_raised(score, before, after):
    score.write_text(f"{before}\n")
    assert oom.protect() == after
    assert int(score.read_text()) == after


def test_a_kernel_that_refuses_is_no_reason_to_stop(score, monkeypatch):
    score.write_text("0\n")

    def refused(path, text):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.write_text", refused)
    assert oom.protect() == 0
