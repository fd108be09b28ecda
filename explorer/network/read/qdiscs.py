"""Queueing disciplines from `tc qdisc show`: what shapes, delays or drops packets that leave an interface. Those that the
kernel gives every interface by itself (handle 0:) are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explorer.network.model import Line, Observation, Qdisc
from explorer.network.read.text import Keys, after, bounded_lines
from explorer.network.weather.rates import rate_in_words

_TIME = re.compile(r"(\d+(?:\.\d+)?)(s|ms|us|ns)", re.ASCII)
_RATE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)bit", re.ASCII)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%", re.ASCII)
_OTHERS = ("duplicate", "corrupt", "reorder", "slot")
_MS = {"s": 1000.0, "ms": 1.0, "us": 0.001, "ns": 0.000001}
_BITS = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


def read_qdiscs(text: str) -> Observation:
    lines, truncated = bounded_lines(text)
    keys = Keys()
    shown: list[Line] = []
    found: list[Qdisc] = []
    for line in lines:
        words = line.split()
        if len(words) > 2 and words[0] == "qdisc" and words[2] == "0:":
            continue
        qdisc = _qdisc(words, keys)
        shown.append(Line(text=line.rstrip(), key=qdisc.key if qdisc else keys.unknown(line)))
        found += [qdisc] if qdisc else []
    return Observation(command="tc qdisc show", lines=tuple(shown), items=tuple(found), truncated=truncated)


def _qdisc(words: list[str], keys: Keys) -> Qdisc | None:
    dev = after(words, "dev")
    if len(words) < 5 or words[0] != "qdisc" or not dev:
        return None
    parent = "root" if "root" in words else after(words, "parent")
    at = next((at for at, word in enumerate(words) if word == "delay"), -1)
    times = [_ms(word) for word in words[at + 1 : at + 3]] if at >= 0 else []
    jitter = times[1] if len(times) > 1 else None
    found = Qdisc(
        key=keys.unique(f"qdisc:{dev}:{parent}"),
        dev=dev,
        kind=words[1][:32],
        handle=words[2][:16],
        parent=parent,
        delay_ms=(times[0] if times else None) or 0.0,
        jitter_ms=jitter or 0.0,
        loss_percent=_number(_PERCENT, after(words, "loss")),
        rate=_rate(after(words, "rate")),
        more=", ".join(_more(words))[:120] if words[1] == "netem" else "",
    )
    return found.model_copy(update={"words": _in_words(found)})


def _more(words: list[str]) -> Iterator[str]:
    """What netem does besides delaying, losing and narrowing: it duplicates, corrupts or reorders, or loses after a model."""
    yield from (f"{word} {after(words, word)}" for word in _OTHERS if word in words)
    if "loss" in words and not _PERCENT.fullmatch(after(words, "loss")):
        yield f"loss {after(words, 'loss')}"


def _in_words(qdisc: Qdisc) -> str:
    jitter = f" ± {qdisc.jitter_ms:g} ms" if qdisc.jitter_ms else ""
    parts = [f"{qdisc.delay_ms:g} ms{jitter}"] if qdisc.delay_ms else []
    parts += [f"{qdisc.loss_percent:g} % lost"] if qdisc.loss_percent else []
    parts += [rate_in_words(qdisc.rate)] if qdisc.rate else []
    parts += [qdisc.more] if qdisc.more else []
    return " · ".join(parts) or qdisc.kind


def _ms(word: str) -> float | None:
    found = _TIME.fullmatch(word)
    return round(float(found[1]) * _MS[found[2]], 6) if found and len(word) < 24 else None


def _rate(word: str) -> float:
    found = _RATE.fullmatch(word)
    return float(found[1]) * _BITS[found[2]] if found and len(word) < 24 else 0.0


def _number(pattern: re.Pattern[str], word: str) -> float:
    found = pattern.fullmatch(word)
    return float(found[1]) if found and len(word) < 24 else 0.0
