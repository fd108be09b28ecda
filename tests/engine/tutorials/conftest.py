"""A host with a chosen engine, and typing on it."""

from __future__ import annotations

import time

import pytest

from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import run_in
from explorer.network.scenario import SCENARIOS


@pytest.fixture
def open_with(lab_config, new_name):
    """`open_with("28")` gives a shell on h1 of a new sandbox: what a command printed; one that fails is the test's failure."""
    opened: list[str] = []

    def open_it(engine):
        opened.append(name := new_name())
        ends = time.time() + 600
        lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["one-host"], ends, lambda phase, detail: None, engine=engine)

        def shell(text, where="h1"):
            out: list[bytes] = []
            status = run_in(lab_config, name, where, ["bash", "-c", text], lambda _, data: out.append(data), 30)
            said = b"".join(out).decode(errors="replace")
            assert status == 0, said
            return said

        return shell

    yield open_it
    for name in opened:
        lifecycle.close_sandbox(lab_config, name)
