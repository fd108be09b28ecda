"""The identity of a machine: one word for all of its processes, also when two of them ask first."""

from __future__ import annotations

import secrets
from typing import Any

from explorer.node import this_node

identity: Any = this_node._identity


def test_a_process_that_asks_while_another_makes_it_gets_the_same(tmp_path, monkeypatch):
    make, others = secrets.token_hex, []

    def meanwhile(size):
        if not others:
            others.append("")
            others[0] = identity.__wrapped__(tmp_path / "engine" / "identity")
        return make(size)

    monkeypatch.setattr(secrets, "token_hex", meanwhile)
    mine = identity.__wrapped__(tmp_path / "engine" / "identity")
    assert len(mine) == 32
    assert others == [mine]
    assert [path.name for path in (tmp_path / "engine").iterdir()] == ["identity"]
