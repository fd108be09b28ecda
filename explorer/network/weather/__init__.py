"""The weather of links: what slows, loses or narrows what passes them (`link`), and rates in words (`rates`)."""

from __future__ import annotations

from explorer.network.weather.link import (
    DEVICE,
    ENDS,
    NEEDS_NETEM,
    PAGE,
    PLAIN_MTU,
    End,
    Set,
    Weather,
    commands,
    discipline,
    ends_of,
    in_words,
    interfaces_of,
    lasting,
    qdisc_of,
    read_weather,
    tell,
)

__all__ = [
    "DEVICE",
    "ENDS",
    "NEEDS_NETEM",
    "PAGE",
    "PLAIN_MTU",
    "End",
    "Set",
    "Weather",
    "commands",
    "discipline",
    "ends_of",
    "in_words",
    "interfaces_of",
    "lasting",
    "qdisc_of",
    "read_weather",
    "tell",
]
