"""Faults that tests of other folders try anyway, so that the table has them and nobody writes them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Known:
    injected: str
    how: str
    phase: str
    saw: str

    def row(self) -> dict[str, Any]:
        return {"injected": self.injected, "how": self.how, "phase": self.phase, "saw": self.saw}


SWEEP, LOST = "tests/node/reconcile/test_sweep.py::", "tests/node/relay/test_nothing_is_lost.py::"
REGISTER = {
    f"{SWEEP}test_sandboxes_of_a_node_long_away_fail": Known(
        "node lost", "another node has not heard of it for ten minutes", "open, run, reset, close", "failed, with the reason"
    ),
    f"{SWEEP}test_a_stalled_opening_is_taken_up_again": Known(
        "task", "lost, or its worker died", "open", "opening, then ready"
    ),
    f"{SWEEP}test_a_close_the_engine_did_not_answer_is_asked_again": Known("engine", "does not answer", "close", "closed"),
    f"{SWEEP}test_the_clock_was_set_back_and_nothing_waits_for_the_old_time_to_come_again": Known(
        "clock", "set back an hour: rows from the future", "close", "nothing"
    ),
    f"{SWEEP}test_the_brake_holds_and_alarms": Known(
        "database", "another one: most of what runs is called over", "run", "nothing is removed"
    ),
    f"{LOST}test_a_relay_that_restarts_goes_on_with_the_numbers_and_the_truth": Known(
        "relay", "restarts", "run", "every change once"
    ),
    f"{LOST}test_a_page_that_was_away_hears_what_it_missed": Known(
        "browser", "asleep, the stream still there", "run", "all it missed"
    ),
    f"{LOST}test_a_page_whose_place_was_trimmed_is_told_everything_anew": Known(
        "browser", "asleep twenty minutes: its place in the stream was trimmed", "run", "a whole picture, marked as such"
    ),
    f"{LOST}test_redis_that_begins_anew_is_told_everything_anew": Known("Redis", "comes back empty", "run", "a whole picture"),
    f"{LOST}test_a_page_that_takes_nothing_for_long_reads_on_from_the_stream": Known(
        "browser", "takes nothing for long", "run", "all"
    ),
    f"{LOST}test_an_order_from_before_the_clock_was_set_back_is_not": Known(
        "clock", "set back an hour: old orders", "run", "nothing"
    ),
    "tests/live/test_redis_trouble.py::test_a_socket_opened_while_redis_is_away_is_told_to_try_later": Known(
        "Redis", "away when a page opens", "run", "“reconnecting”"
    ),
    "tests/live/test_sandbox_socket.py::test_a_redis_that_hangs_makes_the_picture_old": Known(
        "Redis", "accepts and never answers", "run", "“reconnecting”"
    ),
    "tests/test_celery.py::test_it_is_due_after_its_time_and_when_the_clock_was_set_back": Known(
        "clock", "an hour and three days either way: the worker's beat", "any", "nothing"
    ),
    "tests/node/test_interleaved.py::test_the_promises_hold_however_it_is_interleaved": Known(
        "everything",
        "deaths between any two steps, tasks twice, late, never; the clock an hour either way",
        "any",
        "see the test",
    ),
    "tests/launch/test_uvicorn_web.py::test_a_client_that_reads_nothing_is_let_go": Known(
        "browser", "reads nothing of what it asked for", "any", "the end of the connection"
    ),
    "tests/launch/test_uvicorn_web.py::test_a_client_that_reads_slowly_is_served_to_the_end": Known(
        "browser", "reads slowly what it asked for", "any", "all"
    ),
    "tests/engine/test_engine.py::test_what_two_killed_processes_left_is_swept_at_the_next_start": Known(
        "node rebooted", "engine and its parent killed; what they left on the machine", "run", "nothing"
    ),
    "tests/engine/test_sandbox_cli.py::test_a_killed_worker_loses_nothing": Known(
        "worker", "kill -9 (command line)", "open", "ready"
    ),
    "tests/engine/test_relay.py::test_a_killed_relay_leaves_no_shell_and_says_why": Known(
        "relay", "kill -9 under an open terminal", "run", "why the shell ended"
    ),
}


def ids() -> list[str]:
    return list(REGISTER)
