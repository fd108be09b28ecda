"""Wrong codes, counted: who guesses is slowed, then locked out of typing codes. The link of a class is never refused.

Only wrong codes count. A browser is stopped after few of them; an address only after so many that forty people who mistype are
not, since a school is one address. A right code typed while stopped is not looked at: else stopping would stop nobody.
"""

from __future__ import annotations

from explorer.classroom.people.throttle import count, locked_for

# (whose, wrong codes, within seconds): the first is slow, the second locked
LIMITS = (("browser", 5, 60), ("browser", 12, 900), ("address", 60, 60), ("address", 240, 900))


def wait_for(browser: str, address: str) -> int:
    """Seconds until a code may be typed again; 0: now."""
    whose = {"browser": browser, "address": address}
    return max(locked_for(_what(one, seconds), whose[one], times) for one, times, seconds in LIMITS if whose[one])


def note_wrong(browser: str, address: str) -> None:
    whose = {"browser": browser, "address": address}
    for one, _, seconds in LIMITS:
        if whose[one]:
            count(_what(one, seconds), whose[one], seconds)


def _what(whose: str, seconds: int) -> str:
    return f"code-{whose}-{seconds}"
