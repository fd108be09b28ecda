"""The subject of the first lesson. It is not a driver: it is about network namespaces and their containers."""

from __future__ import annotations

from pathlib import Path

from explorer.network.drivers.driver import Driver
from explorer.network.drivers.start import summary

DRIVER = Driver(
    name="start",
    order=10,
    title="Start here",
    promise="How Docker does networking: namespaces, and who fills them.",
    folder=Path(__file__).parent,
    summary=summary.facts,
)
