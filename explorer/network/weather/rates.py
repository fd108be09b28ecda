"""A rate in words."""

from __future__ import annotations


def rate_in_words(bits: float) -> str:
    """Bits per second, such as `1.5 Mbit/s`."""
    for unit, size in (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if bits >= size:
            return f"{plain_number(bits / size)} {unit}"
    return f"{plain_number(bits)} bit/s"


def plain_number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
