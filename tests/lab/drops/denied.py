"""A node that may not load BPF programs."""

from __future__ import annotations

import pytest

from explorer.lab.drops import hear, libbpf

WHY = "the kernel does not load the program (Operation not permitted)"


def _refused(*_: object) -> None:
    raise libbpf.Refused(WHY)


def deny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the test ends, no program is loaded, and none that was loaded before is used again."""
    for program in list(hear.kept):
        hear.forget(program)
    monkeypatch.setattr(libbpf.Program, "_open", _refused)
