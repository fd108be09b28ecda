"""The identity of a machine: one word for all of its processes, also when two of them ask first."""

from __future__ import annotations

from explorer.node import this_node


def test_a_process_that_asks_while_another_makes_it_gets_the_same(tmp_path, monkeypatch):
    make, others = this_node.secrets.token_hex, []

    def meanwhile(size):
        if not others:
            others.append("")
            others[0] = this_node._identity.__wrapped__(tmp_path / "engine" / "identity")
        return make(size)

    monkeypatch.setattr(this_node.secrets, "token_hex", meanwhile)
    mine = this_node._identity.__wrapped__(tmp_path / "engine" / "identity")
    assert len(mine) == 32
    assert others == [mine]
    assert [path.name for path in (tmp_path / "engine").iterdir()] == ["identity"]
