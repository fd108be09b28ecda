"""The relay's desk for columns, with doubles for the lab that hang, raise, lie, and talk too much."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.utils import timezone

from explorer.lab.errors import HostError
from explorer.network.comparison import Cell
from explorer.network.comparison import Column as Result
from explorer.network.comparison.spec import Spec
from explorer.node.relay import column_desk
from explorer.node.relay.column_desk import ColumnDesk
from explorer.node.work import work
from explorer.sandboxes import columns, comparisons, streams
from explorer.sandboxes.events import comparison_stream
from explorer.sandboxes.models import Column, Comparison, Sandbox
from tests.asking import compare_for

pytestmark = pytest.mark.django_db(transaction=True)
SPEC = Spec(columns=("bridge", "host", "none"))
CELL = Cell(row="netns", mark="yes", word="yes")


class Lab:
    """Stands in for `lab.compare.run_column`. `ways` says how each variant misbehaves; the others just answer."""

    def __init__(self, **ways):
        self.ways, self.began, self.ended, self.asked = ways, [], [], []
        self.go_on = asyncio.Event()

    async def __call__(self, config, sandbox, facts, variant, tell, *, generation, throughput):
        self.began.append(variant.id)
        self.asked.append((sandbox, generation, sorted(facts["hosts"]), throughput))
        column = Result(variant=variant, state="running", sandbox=sandbox)
        try:
            await tell("making the network", column)
            column = column.model_copy(update={"cells": (CELL,)})
            await tell("asking who reaches whom", column)
            await getattr(self, self.ways.get(variant.id, "answers"))()
            return column.model_copy(update={"state": self.ways.get(f"{variant.id}_ends", "done")})
        finally:
            self.ended.append(variant.id)

    async def answers(self):
        pass

    async def hangs(self):
        await asyncio.Event().wait()

    async def answers_late(self):
        await self.go_on.wait()

    async def raises(self):
        raise ZeroDivisionError("nobody foresaw this")

    async def is_told_no(self):
        raise HostError("The host's daemon refused: 'no such driver'.")

    async def never_ends(self):
        """And cannot be told to."""
        while not self.go_on.is_set():
            try:
                await self.go_on.wait()
            except asyncio.CancelledError:
                continue


class Desk:
    """A desk that runs, and what its rows say."""

    def __init__(self, lab):
        self.lab = lab
        self.desk = ColumnDesk(None, lab)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.desk.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def until(self, wanted, seconds=5):
        async with asyncio.timeout(seconds):
            while True:
                self.desk.look()
                rows = await sync_to_async(lambda: {one.key: one for one in Column.objects.select_related("sandbox")})()
                if wanted(rows):
                    return rows
                await asyncio.sleep(0.02)

    async def over(self, *keys):
        return await self.until(lambda rows: all(rows[key].state not in Column.UNFINISHED for key in keys or rows))


def carry_out(sent):
    while sent:
        name, _, *args = sent.pop(0)
        if name in ("open_sandbox", "close_sandbox"):
            getattr(work, name)(*args)


@pytest.fixture
def ready(engine, sent, node1, alice, redis, settings):
    settings.WARM_SANDBOXES = 0
    comparison = compare_for(alice, SPEC)
    carry_out(sent)
    return comparison


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(column_desk, "LOOK_EVERY", 0.05)


async def read(comparison):
    await comparison.arefresh_from_db()
    return comparison


async def test_every_column_is_measured_and_its_sandbox_goes(ready, engine, sent):
    async with Desk(Lab()) as desk:
        rows = await desk.over()
    assert {key: (row.state, row.cells) for key, row in rows.items()} == {
        "bridge": ("done", 1),
        "host": ("done", 1),
        "none": ("done", 1),
    }
    assert columns.read_result(rows["bridge"]).cells == (CELL,)
    assert (await read(ready)).state == "done"
    await sync_to_async(carry_out)(sent)
    assert not engine.standing


async def test_they_are_measured_side_by_side(ready):
    lab = Lab(bridge="answers_late", host="answers_late", none="answers_late")
    async with Desk(lab) as desk:
        await desk.until(lambda _: len(lab.began) == 3)
        assert not lab.ended
        lab.go_on.set()
        await desk.over()


async def test_the_lab_is_told_what_to_measure(ready):
    lab = Lab()
    async with Desk(lab) as desk:
        rows = await desk.over()
    assert sorted(lab.asked) == sorted((row.sandbox.pk, 1, ["h1"], True) for row in rows.values())


async def test_what_there_is_so_far_can_be_read_meanwhile(ready, redis):
    lab = Lab(bridge="answers_late")
    async with Desk(lab) as desk:
        rows = await desk.until(lambda rows: rows["bridge"].cells == 1)
        assert (rows["bridge"].state, rows["bridge"].phase) == ("running", "asking who reaches whom")
        assert columns.read_result(rows["bridge"]).cell("netns") == CELL
        lab.go_on.set()
        await desk.over()
    stretch = await sync_to_async(streams.read_since)(redis, comparison_stream(ready.pk))
    told = [(event.phase, event.cells) for event in stretch.events if event.type == "column_moved" and event.column == "bridge"]
    assert told[-2] == ("asking who reaches whom", 1)
    assert stretch.events[-1].type == "comparison_changed"


async def test_one_that_raises_says_where_and_the_others_go_on(ready):
    async with Desk(Lab(host="raises")) as desk:
        rows = await desk.over()
    assert {key: row.state for key, row in rows.items()} == {"bridge": "done", "host": "failed", "none": "done"}
    assert rows["host"].phase == "asking who reaches whom"
    assert "nobody foresaw" not in rows["host"].reason
    assert columns.read_result(rows["host"]).cells == (CELL,), "what was seen until then stays"
    assert (await read(ready)).state == "done"


async def test_a_hosts_refusal_is_the_reason(ready):
    async with Desk(Lab(host="is_told_no")) as desk:
        rows = await desk.over("host")
    assert rows["host"].reason == "The host's daemon refused: 'no such driver'."


async def test_one_that_hangs_is_ended(ready, monkeypatch, engine, sent):
    monkeypatch.setattr(column_desk, "COLUMN_SECONDS", 0.2)
    lab = Lab(host="hangs")
    async with Desk(lab) as desk:
        rows = await desk.over()
    assert (rows["host"].state, rows["bridge"].state) == ("failed", "done")
    assert "within 0 seconds" in rows["host"].reason
    assert "host" in lab.ended
    await sync_to_async(carry_out)(sent)
    assert not engine.standing


async def test_one_that_lacks_something_says_so(ready):
    async with Desk(Lab(host_ends="lacks")) as desk:
        rows = await desk.over()
    assert rows["host"].state == "lacks"


async def test_one_that_does_not_say_how_it_ended_has_failed(ready):
    async with Desk(Lab(host_ends="running")) as desk:
        rows = await desk.over()
    assert rows["host"].state == "failed"


async def test_what_is_ended_is_no_longer_measured(ready, engine, sent):
    lab = Lab(bridge="hangs", host="hangs", none="hangs")
    async with Desk(lab) as desk:
        await desk.until(lambda _: len(lab.began) == 3)
        await sync_to_async(comparisons.end_comparison)(ready)
        await desk.until(lambda _: len(lab.ended) == 3)
        rows = await desk.over()
    assert {row.reason for row in rows.values()} == {comparisons.STOPPED}
    assert columns.read_result(rows["bridge"]).cells == (CELL,)
    await sync_to_async(carry_out)(sent)
    assert not engine.standing


async def test_a_sandbox_that_goes_away_takes_its_column_with_it(ready):
    lab = Lab(host="hangs")
    async with Desk(lab) as desk:
        rows = await desk.until(lambda rows: "host" in lab.began)
        await sync_to_async(work.lose_row)(rows["host"].sandbox, "The hosts are gone. Open a new one; your progress is kept.")
        rows = await desk.over()
        await desk.until(lambda _: "host" in lab.ended)
    assert (rows["host"].state, rows["host"].reason) == ("failed", "The hosts are gone.")


async def test_two_relays_measure_it_once(ready):
    lab = Lab()
    async with Desk(lab) as desk, Desk(lab):
        await desk.over()
    assert sorted(lab.began) == ["bridge", "host", "none"]


async def test_a_relay_killed_in_the_middle_leaves_it_to_be_done_again_in_a_new_sandbox(ready, engine, sent):
    lab = Lab(host="hangs")
    async with Desk(lab) as desk:
        rows = await desk.until(lambda rows: rows["host"].cells == 1)
        first = rows["host"].sandbox
    assert (await sync_to_async(Column.objects.get)(key="host")).state == "running", "nobody said that it was over"
    async with Desk(Lab()) as desk:
        rows = await desk.until(lambda rows: rows["host"].state == "waiting" and rows["host"].sandbox)
        assert rows["host"].sandbox != first
        assert (rows["host"].cells, rows["host"].result) == (0, "")
        await sync_to_async(carry_out)(sent)
        rows = await desk.over()
    assert (rows["host"].state, rows["host"].attempts) == ("done", 2)
    await sync_to_async(carry_out)(sent)
    assert not engine.standing


async def test_killed_twice_it_has_failed(ready, engine, sent):
    await sync_to_async(Column.objects.filter(key="host").update)(state="running", runner="somebody", attempts=2)
    async with Desk(Lab()) as desk:
        rows = await desk.over()
    assert rows["host"].reason == column_desk.INTERRUPTED
    await sync_to_async(carry_out)(sent)
    assert not engine.standing


async def test_what_an_earlier_relay_still_says_is_not_heard(ready):
    claimed = await sync_to_async(column_desk.claim)((await Column.objects.aget(key="host")).pk, "earlier")
    await Column.objects.filter(key="host").aupdate(runner="later")
    late = Result(variant=claimed.variant, state="done", cells=(CELL,))
    assert not await sync_to_async(column_desk.keep)(claimed.row, "earlier", late)
    assert not await sync_to_async(column_desk.finish)(claimed.row, "earlier", late)
    row = await Column.objects.select_related("sandbox").aget(key="host")
    assert (row.state, row.sandbox.state) == ("running", Sandbox.State.READY)


async def test_one_that_cannot_be_cancelled_changes_nothing(ready, monkeypatch):
    """Its rows are no longer its own: what it says later is not heard."""
    lab = Lab(host="never_ends")
    async with Desk(lab) as desk:
        await desk.until(lambda rows: rows["host"].cells == 1)
        await sync_to_async(comparisons.end_comparison)(ready)
        desk.desk.look()
        await asyncio.sleep(0.1)
        lab.go_on.set()
        rows = await desk.over()
        await desk.until(lambda _: "host" in lab.ended)
        await asyncio.sleep(0.1)
    rows = await desk.over()
    assert (rows["host"].state, rows["host"].reason) == ("failed", comparisons.STOPPED)


async def test_a_database_that_is_busy_at_the_end_is_asked_again(ready, monkeypatch):
    real, tries = column_desk.finish, []

    def busy(*args):
        tries.append(args)
        if len(tries) == 1:
            raise OperationalError("database is locked")
        return real(*args)

    monkeypatch.setattr(column_desk, "finish", busy)
    async with Desk(Lab(bridge="hangs", none="hangs")) as desk:
        rows = await desk.over("host")
    assert (rows["host"].state, len(tries)) == ("done", 2)


async def test_only_columns_of_comparisons_that_run_are_measured(ready):
    await Comparison.objects.aupdate(state="done")
    lab = Lab()
    async with Desk(lab) as desk:
        await asyncio.sleep(0.2)
        assert desk.desk.tasks == {}
    assert lab.began == []


def test_a_result_that_is_too_large_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(columns, "COLUMN_BYTES", 2000)
    column = Result(variant=SPEC.variants[0], state="done", cells=(CELL,), notes=("as it was",), seconds={"up": 1.0})
    whole, same = columns.encode(column)
    assert same == column
    assert Result.model_validate_json(whole) == column
    large = column.model_copy(update={"journeys": {"between": {"x": "y" * 3000}}})
    text, cut = columns.encode(large)
    assert len(text) <= 2000
    assert cut.notes[0] == "as it was"
    assert "The way of its packets was too large to be kept." in cut.notes
    assert cut.cells == (CELL,), "no more is left out than has to be"


def test_whatever_is_in_it_the_bound_holds(monkeypatch):
    monkeypatch.setattr(columns, "COLUMN_BYTES", 2500)
    many = tuple(CELL.model_copy(update={"row": f"r{n}", "why": "w" * 300}) for n in range(40))
    text, _ = columns.encode(Result(variant=SPEC.variants[0], state="done", cells=many))
    assert len(text) <= 2500


async def test_the_hosts_clock_does_not_matter(ready):
    """A column measured long after it was asked for is measured all the same, as long as somebody looks."""
    await Comparison.objects.aupdate(created_at=timezone.now() - timedelta(minutes=4))
    async with Desk(Lab()) as desk:
        await desk.over()
    assert (await read(ready)).state == "done"
