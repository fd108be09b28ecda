"""The same work on real hosts: what each variant comes to, time and again; and a column that fails says where."""

from __future__ import annotations

import asyncio
import time

import pytest

from explorer.lab.compare import lacking, run_column
from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import run_in
from explorer.network.comparison import ROWS, all_variants, find_variant, find_variants
from explorer.network.comparison.reasons import UNEXPLAINED
from explorer.network.comparison.rows import WAYS
from explorer.network.comparison.variants import ready_set
from explorer.network.comparison.why import standing, why
from tests.network.comparison.truths import TRUTHS

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]
STEADY = [row.key for row in ROWS if not row.varies]
DRIVERS = ("bridge", "host", "none", "macvlan", "overlay")
OPTIONS = ("bridge-internal", "bridge-no-icc", "bridge-loopback", "bridge-no-proxy", "third-party")


async def silent(phase, column):
    """Nobody looks."""


def behaviour(column):
    """What has to be the same every time."""
    return {cell.row: (cell.mark, cell.word) for cell in column.cells if cell.row in STEADY}


@pytest.fixture
def compare(lab_config, open_one):
    """Runs columns side by side, each in a sandbox of its own."""

    async def run(*variants, tell=silent, throughput=False):
        async def one(variant):
            name, facts = await asyncio.to_thread(open_one, variant.scenario, engine=variant.engine)
            return await run_column(lab_config, name, facts, variant, tell, throughput=throughput)

        return await asyncio.gather(*(one(variant) for variant in variants))

    return run


def assert_true(columns):
    for column in columns:
        assert column.state == "done", (column.variant.id, column.failed_at, column.error, column.failure)
        seen, true = behaviour(column), TRUTHS[column.variant.id]
        if (
            column.variant.ipv6
        ):  # an interface joins its groups of IPv6 when its address is no longer tentative: 21 to 24 entries
            seen, true = ({**cells, "host-fdb": None} for cells in (seen, true))
        assert seen == true, column.variant.id
        for cell in column.cells:
            assert cell.evidence, (column.variant.id, cell.row)
            assert cell.why != UNEXPLAINED, (column.variant.id, cell.row)


async def test_five_drivers_come_to_the_same_truths_every_time(compare):
    for _ in range(2):
        columns = await compare(*find_variants(DRIVERS))
        assert_true(columns)
        for row in STEADY:
            assert UNEXPLAINED not in why(row, columns)
        measured = {column.variant.id: column.cell("lan-trip").figures for column in columns}
        assert measured.pop("none") is None
        assert all(one.samples == 1200 and len(one.rounds) == len(one.loopback) == 12 for one in measured.values())
        assert all(column.noise and column.noise.samples == 1200 for column in columns)
        place = standing("lan-trip", columns)
        assert {name for group in place.groups for name in group} == set(measured)


async def test_options_of_one_driver_come_to_their_truths(compare):
    assert_true(await compare(*find_variants(OPTIONS)))


async def test_the_other_engine_comes_to_its_truths(compare, await_engine):
    await_engine("28")
    names = [name for name in TRUTHS if name.endswith("@28") and "ipv6" not in name]
    assert_true(await compare(*find_variants(names)))


async def test_ipv4_and_ipv6_come_to_their_truths(compare, await_engine):
    await_engine("28")
    assert_true(await compare(*find_variants(ready_set("ipv6", ("26", "28")).variants)))


async def test_throughput_is_measured_last_and_shown_with_its_spread(compare):
    phases = []

    async def tell(phase, column):
        if phase not in phases:
            phases.append(phase)

    (column,) = await compare(all_variants()["bridge"], tell=tell, throughput=True)
    figures = column.cell("rate").figures
    assert figures.samples == 8
    assert 0 < figures.low <= figures.median <= figures.high
    assert figures.p95 is None
    assert phases[-2:] == ["measuring throughput", "done"]


async def test_a_column_fills_as_it_comes(compare):
    told = []

    async def tell(phase, column):
        told.append((time.monotonic(), phase, column))

    (column,) = await compare(all_variants()["bridge"], tell=tell)
    counts = [len(one.cells) for _, _, one in told]
    assert counts == sorted(counts)
    assert len(set(counts)) >= 4
    assert told[0][2].state == "running"
    assert told[-1][2] == column
    first = next(one for _, _, one in told if one.before)
    assert not first.after
    assert {"interfaces", "routes", "nat", "filter", "fdb"} <= first.before.keys()
    owners = {one.owner: one.count for one in column.added}
    assert owners["network:town"] > 0
    assert owners["container:server"] > 0
    assert column.journeys["outward"].ok
    assert column.journeys["between"].ok
    assert column.journeys["published"].ok
    assert set(column.journeys) == set(WAYS)
    assert {"h1", "h1/server", "h1/client", "outside"} <= column.snapshot.places.keys()
    assert len(column.model_dump_json()) < 1_000_000


async def test_what_is_shown_can_be_typed(lab_config, open_one):
    variant = all_variants()["macvlan"]
    name, facts = open_one(variant.scenario)
    column = await run_column(lab_config, name, facts, variant, silent, throughput=False)
    typed = {(one.where, one.command, one.status) for cell in column.cells for one in cell.evidence if one.kind == "command"}
    again = [one for one in typed if "docker run" not in one[1] and "network create" not in one[1]]
    assert len(again) >= 10
    for where, command, status in again:
        argv = ["bash", "-c", command]
        found = await asyncio.to_thread(run_in, lab_config, name, where, argv, lambda stream, data: None, 20)
        # who did not answer ARP a moment ago is refused at once (7) where the first to ask waited in vain (28)
        assert found == status or {found, status} == {7, 28}, (where, command)


async def test_a_command_that_does_not_work_is_named_and_the_others_go_on(compare):
    broken = all_variants()["bridge"].model_copy(update={"id": "broken", "options": ("--subnet", "999.0.0.0/8")})
    failed, fine = await compare(broken, all_variants()["none"])
    assert (failed.state, failed.failed_at) == ("failed", "making the network and the containers")
    assert failed.failure.command == "docker network create -d bridge --subnet 999.0.0.0/8 town"
    assert failed.failure.status != 0
    assert "invalid" in failed.failure.output.lower()
    assert failed.error.startswith("`docker network create` on h1 did not work")
    assert not failed.cells
    assert_true([fine])


async def test_a_daemon_that_dies_in_the_middle_is_a_column_that_says_so(lab_config, open_one):
    variant = all_variants()["bridge"].model_copy(update={"id": "dying", "prepare": ("kill -9 $(pidof dockerd)",)})
    name, facts = open_one(variant.scenario)
    column = await run_column(lab_config, name, facts, variant, silent, throughput=False)
    assert (column.state, column.failed_at) == ("failed", "making the network and the containers")
    assert "daemon" in column.failure.output
    assert column.before


async def test_a_sandbox_that_goes_away_ends_its_column(lab_config, open_one):
    variant = all_variants()["bridge"]
    name, facts = open_one(variant.scenario)
    gone = []

    async def tell(phase, column):
        if phase.startswith("asking") and not gone:
            gone.append(phase)
            await asyncio.to_thread(lifecycle.close_sandbox, lab_config, name)

    began = time.monotonic()
    column = await run_column(lab_config, name, facts, variant, tell, throughput=False)
    assert column.state == "failed"
    assert column.error
    assert time.monotonic() - began < 60


async def test_who_no_longer_wants_to_hear_ends_the_work(lab_config, open_one):
    class NoLongerWanted(Exception):
        pass

    async def tell(phase, column):
        if phase.startswith("making"):
            raise NoLongerWanted

    name, facts = open_one("one-host")
    with pytest.raises(NoLongerWanted):
        await run_column(lab_config, name, facts, all_variants()["bridge"], tell)


@pytest.mark.parametrize("name", ["ipvlan", "overlay-encrypted"])
async def test_what_a_kernel_lacks_is_a_column_that_says_so_or_works(compare, name):
    variant = find_variant(name)
    (column,) = await compare(variant)
    sentence = lacking(variant)
    assert (column.state, column.error) == (("lacks", sentence) if sentence else ("done", ""))
