"""Counters and histograms of all processes of an installation, for `/metrics`.

A process counts in memory and adds what it counted to one hash in Redis (`flush`), so the web process can show the sum over
all processes, also over those that have ended. While Redis is away, a process keeps counting. When Redis loses its data, the
counters begin again at zero, as Prometheus expects of a restart.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import redis as redis_package
import structlog

from explorer.sandboxes.streams import RedisError, redis

log = structlog.get_logger(__name__)

KEY = "figures"
MOST_FIELDS = 5000  # in Redis; labels are few and known, so this many means that something is wrong
LABEL = re.compile(r"[A-Za-z0-9_.-]{1,64}")
SUM = "sum"


@dataclass(frozen=True, slots=True)
class Figure:
    """A counter, or a histogram when it has `buckets` (seconds, rising)."""

    about: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


OPENING, LAG = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0), (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
FIGURES: Mapping[str, Figure] = {
    "explorer_opening_seconds": Figure(
        "Seconds of each phase of opening a sandbox; phase whole: from the wish to ready", ("phase",), OPENING
    ),
    "explorer_openings_total": Figure("Openings and resets that ended, by outcome", ("node", "outcome")),
    "explorer_event_lag_seconds": Figure("Seconds from when a change was read until it was in the stream", ("node",), LAG),
    "explorer_reaper_removed_total": Figure(
        "Sandboxes that the reconciler removed from the engine, by reason", ("node", "why")
    ),
    "explorer_reaper_braked_total": Figure("Sweeps in which the brake held back removals", ("node",)),
    "explorer_sandboxes_lost_total": Figure("Sandboxes whose hosts were gone in two listings of the engine", ("node",)),
    "explorer_taken_back_total": Figure("Openings taken back from a node that was away", ("node",)),
    "explorer_login_refusals_total": Figure("Refused logins: a wrong name or password, or too many tries", ("why",)),
    "explorer_throttled_total": Figure("Requests refused because they came too often, by what was asked", ("what",)),
}


class Figures:
    """What one process has counted and not yet added to Redis. Any thread may call it."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        with self._lock:
            self._waiting[_field(name, labels)] += amount  # type: ignore[assignment]

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Adds one observation to a histogram. Each is counted in one bucket; `read` adds up."""
        bucket = next((str(edge) for edge in FIGURES[name].buckets if seconds <= edge), "+Inf")
        with self._lock:
            self._waiting[_field(name, labels, bucket)] += 1
            self._waiting[_field(name, labels, SUM)] += seconds  # type: ignore[assignment]

    def flush(self, client: redis_package.Redis | None = None) -> bool:
        """Adds what waits to Redis. False when Redis does not answer; then it waits on."""
        with self._lock:
            going, self._waiting = self._waiting, Counter()
        if not going:
            return True
        try:
            with (client or redis()).pipeline(transaction=True) as pipe:
                for field, amount in going.items():
                    pipe.hincrbyfloat(KEY, field, amount)
                pipe.execute()
            return True
        except (RedisError, OSError) as error:
            log.debug("figures not written", error=str(error))
            with self._lock:
                self._waiting.update(going)
            return False


figures = Figures()  # of this process


def count(name: str, amount: float = 1, **labels: str) -> None:
    """Counts, and adds it to Redis at once: for events that are rare."""
    figures.count(name, amount, **labels)
    figures.flush()


def _field(name: str, labels: Mapping[str, str], part: str = "") -> str:
    """`name|label value|…|part`. Raises ValueError for a figure that FIGURES does not list."""
    figure = FIGURES.get(name)
    if figure is None or set(labels) != set(figure.labels) or bool(part) != bool(figure.buckets):
        raise ValueError(f"not a figure: {name} {labels}")
    return "|".join((name, *(_plain(labels[label]) for label in figure.labels), part))


def _plain(value: str) -> str:
    """A label's value that holds no character with a meaning here or in Prometheus' text."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", value)[:64] or "_"


@dataclass(frozen=True, slots=True)
class Told:
    """The value of one figure for one set of labels: of a counter `value`; of a histogram `buckets` (bound → how many at most
    as long) and `value`, the sum in seconds.
    """

    name: str
    labels: tuple[str, ...]
    value: float
    buckets: tuple[tuple[str, float], ...] = ()


def read_figures(client: redis_package.Redis) -> list[Told]:
    """Everything that has been counted. Fields that are none are left out. Raises RedisError."""
    raw: Any = client.hgetall(KEY) if int(client.hlen(KEY)) <= MOST_FIELDS else {}  # type: ignore[arg-type]
    parts: dict[tuple[str, tuple[str, ...]], dict[str, float]] = {}
    for field, value in raw.items():
        name, *labels = field.decode(errors="replace").split("|")
        part = labels.pop() if labels else ""
        if name in FIGURES and len(labels) == len(FIGURES[name].labels) and all(map(LABEL.fullmatch, labels)):
            parts.setdefault((name, tuple(labels)), {})[part] = float(value)
    return [_told(name, labels, found) for (name, labels), found in sorted(parts.items())]


def _told(name: str, labels: tuple[str, ...], found: Mapping[str, float]) -> Told:
    if not FIGURES[name].buckets:
        return Told(name, labels, found.get("", 0.0))
    return Told(name, labels, found.get(SUM, 0.0), tuple(_rising(FIGURES[name].buckets, found)))


def _rising(edges: tuple[float, ...], found: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    total = 0.0
    for edge in (*map(str, edges), "+Inf"):
        total += found.get(edge, 0.0)
        yield edge, total
