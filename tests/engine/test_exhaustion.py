"""One learner offers more than can be followed: that sandbox is shown late, and the streams and terminals of others go on."""

from __future__ import annotations

import time
from functools import partial

import pytest

from bench.noises import LIAR
from explorer.lab import cpu_weights
from explorer.lab.ask.terminals import Terminal
from explorer.lab.engine.leftovers import our_cgroups
from explorer.lab.inside import allowance
from tests.engine.eyes import do, watching
from tests.engine.test_terminals import type_line

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

LIE = """cat >/root/liar.py
setsid nohup python3 /root/liar.py listens >/root/said 2>&1 </dev/null &
until grep -q listens /root/said; do sleep 0.1; done"""


def has_address(eyes, address):
    return address in eyes.lines("h1", "interfaces")


async def test_a_lying_daemon_holds_up_nobody_else(lab_config, open_one, shell, monkeypatch):
    (lying, lies), (honest, truth) = open_one(), open_one()
    async with watching(lab_config, lying, lies) as liar, watching(lab_config, honest, truth) as eyes:
        terminal = await Terminal.open(lab_config, honest, "h1", 80, 24)
        try:
            assert shell("h1", LIE, lying, stdin=LIAR.read_bytes())[0] == 0
            await liar.until(lambda: liar.docker.cut, 60)
            account, pieces = liar.observer.account, []
            charge = account.charge

            def counted(seconds: float) -> None:
                pieces.append(seconds)
                charge(seconds)

            monkeypatch.setattr(account, "charge", counted)
            began, spent, rates = time.monotonic(), account.spent, allowance.Rates()
            for turn in range(20):
                address = f"10.99.0.{turn + 1}"
                await do(lab_config, honest, "h1", f"ip addr add {address}/32 dev eth0")
                await eyes.until(partial(has_address, eyes, address), 20)
                await type_line(terminal, f"echo $(({turn} + 1000))", str(turn + 1000).encode())
            passed = time.monotonic() - began
            most = rates.burst + rates.rate * passed + 4 * max(pieces, default=0.0)
            assert account.spent - spent <= most, f"{len(pieces)} pieces of work for the liar in {passed:.1f} s"
            assert pieces, "or nothing was tried"
            assert any("names more networks or containers" in text for text in liar.said)
        finally:
            await terminal.close()


def weights(config, facts):
    """The weights of the host's groups, in parts of the kernel's usual weight."""
    groups = [group for parent in our_cgroups(config) if (group := parent / facts["hosts"]["h1"]["container"]).is_dir()]
    files = [(group / name, usual) for group in groups for name, usual in cpu_weights.FILES.items()]
    return [int(file.read_text()) / usual for file, usual in files if file.exists()]


def wait_for(true, seconds):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "did not come in time"
        time.sleep(0.1)


def test_a_host_that_computes_without_end_gives_way_until_it_is_quiet(lab_config, open_one, shell):
    (busy, work), (_, rest) = open_one(), open_one()
    assert (
        shell("h1", "(exec timeout 120 sh -c 'while :; do :; done') >/dev/null 2>&1 </dev/null & echo $! >/tmp/pid", busy)[0]
        == 0
    )
    wait_for(lambda: max(weights(lab_config, work)) < 0.6, 60)
    assert min(weights(lab_config, rest)) > 0.9
    assert shell("h1", "kill $(cat /tmp/pid); pkill -f while", busy)[0] in (0, 1)
    wait_for(lambda: min(weights(lab_config, work)) > 0.9, 60)
