"""Counts wrong codes. After a few, a browser or address has to wait before it may type a code again. A class's link is not
counted.

Right codes are not counted. A browser is stopped after a few wrong codes; an address only after many more, because a whole
school may have one address. While stopped, a right code is not accepted either; otherwise stopping would not hinder guessing.
"""

from __future__ import annotations

from explorer.classroom.people.throttle import count, locked_for

# (whose, wrong codes, within seconds): the first is slow, the second locked
LIMITS = (("browser", 5, 60), ("browser", 12, 900), ("address", 60, 60), ("address", 240, 900))


def wait_for(browser: str, address: str) -> int:
    """Seconds until a code may be typed again; 0 means now."""
    whose = {"browser": browser, "address": address}
    return max(locked_for(_what(one, seconds), whose[one], times) for one, times, seconds in LIMITS if whose[one])


def note_wrong(browser: str, address: str) -> None:
    whose = {"browser": browser, "address": address}
    for one, _, seconds in LIMITS:
        if whose[one]:
            count(_what(one, seconds), whose[one], seconds)


def _what(whose: str, seconds: int) -> str:
    return f"code-{whose}-{seconds}"
