"""The journal of a third-party network driver, one JSON object per line: what Docker asked the driver, and what it answered.

A call is noted twice under one number: when it was asked and when it was answered. So a question without an answer is
visible.
"""

from __future__ import annotations

import json
import math
import time
from typing import Any

from explorer.network.model import Call, Line, Observation
from explorer.network.read.text import Keys, visible

CALLS = 40  # the newest are shown
LINE_BYTES = 16 * 1024
WORD, WHAT, SHOWN, JUNK = 64, 120, 1_500, 200
SHORT_ID = 8  # letters of an id that the driver uses in its interface names
COMMAND = "tail -f /run/lab-driver/calls.jsonl"
Told = dict[str, Any]


def read_calls(text: str) -> Observation:
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    calls: dict[tuple[str, str], Call] = {}
    entries: list[tuple[str, str] | str] = []
    for line in lines[-8 * CALLS :]:
        told = _decoded(line)
        number = _number(told)
        if told is None or number is None:
            entries.append(visible(line, JUNK))
        elif number in calls:
            calls[number] = _answered(calls[number], told)
        elif "asked" in told:
            calls[number] = _asked(number, told)
            entries.append(number)
    return _observation(entries, calls, len(lines))


def _observation(entries: list[tuple[str, str] | str], calls: dict[tuple[str, str], Call], written: int) -> Observation:
    keys = Keys()
    lines: list[Line] = []
    items: list[Call] = []
    for entry in entries[-CALLS:]:
        if isinstance(entry, str):
            lines.append(Line(text=entry, key=keys.unknown(entry)))
            continue
        call = calls[entry].model_copy(update={"key": keys.unique(calls[entry].key)})
        items.append(call)
        lines.append(Line(text=_line(call), key=call.key))
    return Observation(
        command=COMMAND, lines=tuple(lines), items=tuple(items), truncated=len(entries) > CALLS or written > 8 * CALLS
    )


def _decoded(line: str) -> Told | None:
    try:
        told = json.loads(line) if len(line) <= LINE_BYTES else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in ("driver", "call", "method")):
        return None
    at = told.get("at")
    return told if isinstance(at, int | float) and 0 <= at < 1e11 and math.isfinite(at) else None


def _number(told: Told | None) -> tuple[str, str] | None:
    return (_word(told["driver"]), _word(told["call"])) if told else None


def _asked(number: tuple[str, str], told: Told) -> Call:
    driver, call = number
    at = float(told["at"])
    return Call(
        key=f"call:{driver}:{call}:{at:.3f}",
        driver=driver,
        run=call.partition("-")[0],
        method=_word(told["method"]),
        at=at,
        what=_what(told["asked"]),
        asked=_pretty(told["asked"]),
    )


def _answered(call: Call, told: Told) -> Call:
    if "answer" not in told or call.seconds is not None:
        return call
    answer = told["answer"]
    error = answer.get("Err") if isinstance(answer, dict) else ""
    return call.model_copy(
        update={
            "answer": _pretty(answer),
            "error": visible(error, WHAT) if isinstance(error, str) else "",
            "seconds": max(0.0, float(told["at"]) - call.at),
        }
    )


def _what(asked: Any) -> str:
    """The subject of a call: `network 28dc03db, 172.18.0.0/16`. A reader can compare it with the interfaces."""
    if not isinstance(asked, dict):
        return ""
    pools = asked.get("IPv4Data")
    pool = pools[0] if isinstance(pools, list) and pools and isinstance(pools[0], dict) else {}
    interface = asked.get("Interface")
    given = interface.get("Address") if isinstance(interface, dict) else ""
    parts = (
        ("network ", _short(asked.get("NetworkID"))),
        ("endpoint ", _short(asked.get("EndpointID"))),
        ("", pool.get("Pool")),
        ("", given),
    )
    return visible(", ".join(f"{word}{value}" for word, value in parts if isinstance(value, str) and value), WHAT)


def _short(identity: Any) -> str:
    return identity[:SHORT_ID] if isinstance(identity, str) else ""


def _word(told: str) -> str:
    return visible(told[:WORD].replace("\n", " ").replace("\t", " "), WORD)


def _pretty(told: Any) -> str:
    try:
        text = json.dumps(told, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "(too deep to be shown)"
    return visible(text if len(text) <= SHOWN else f"{text[:SHOWN]}\n… ({len(text)} characters)")


def brief(call: Call) -> str:
    """The answer in one line."""
    if call.seconds is None:
        return "no answer yet"
    if call.error:
        return f"error: {call.error}"
    return " ".join(call.answer.split())[:WHAT]


def _line(call: Call) -> str:
    at = time.strftime("%H:%M:%S", time.gmtime(call.at))
    return f"{at} {call.driver} {call.method}({call.what}) → {brief(call)}"
