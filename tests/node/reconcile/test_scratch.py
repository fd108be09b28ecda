"""A scratch host has no row. Nobody may remove it while an image is loaded in it."""

from __future__ import annotations

from explorer.lab.hosts import lifecycle, seeds, stocking
from explorer.node.reconcile import plan

MEANWHILE = 60.0  # seconds for its start, and for copying its layers


def test_the_work_in_it_is_over_before_anybody_takes_it_for_a_stray():
    longest = max(stocking.LOAD_SECONDS, seeds.IMPORT_SECONDS)
    assert longest + MEANWHILE < lifecycle.SCRATCH_SECONDS
    assert longest + MEANWHILE < plan.STRAY_SECONDS
