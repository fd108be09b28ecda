"""What is different between two observations of one view, by key. Timers, order and position are not differences."""

from __future__ import annotations

from explorer.network.model import Connection, Fact, Interface, Item, Line, Observation, Rule


class Difference(Fact):
    """`added` and `changed` are keys of the later observation, in its order; `removed` are the lines that went."""

    added: tuple[str, ...] = ()
    removed: tuple[Line, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def compare(before: Observation | None, after: Observation) -> Difference:
    """Nothing to compare with (first sight, or one of them unreadable) is no difference."""
    if before is None or before.error or after.error:
        return Difference()
    old, new = _by_key(before), _by_key(after)
    return Difference(
        added=tuple(key for key in new if key not in old),
        removed=tuple(line for line in before.lines if line.key not in new),
        changed=tuple(key for key in new if key in old and new[key] != old[key]),
    )


def _by_key(observation: Observation) -> dict[str, tuple[Item | None, tuple[str, ...]]]:
    """Key → what may differ under it: the item without what is volatile, and the text where all of it means something."""
    texts: dict[str, list[str]] = {}
    for line in observation.lines:
        texts.setdefault(line.key, [])
        if not _volatile(line):
            texts[line.key].append(line.text)
    items = {item.key: item for item in observation.items}
    return {key: _steady(items.get(key), tuple(text)) for key, text in texts.items()}


def _volatile(line: Line) -> bool:
    """iptables-save writes the date in its comments, `ip addr` counts down how long an address is valid."""
    return line.key.startswith("comment:") or line.text.lstrip().startswith("valid_lft ")


def _steady(item: Item | None, text: tuple[str, ...]) -> tuple[Item | None, tuple[str, ...]]:
    if isinstance(item, Connection):  # its text holds the seconds left
        return item, ()
    if isinstance(item, Rule):  # a rule put in before it moves it, and changes nothing about it
        return item.model_copy(update={"position": 0}), text
    if isinstance(item, Interface):  # that we came to know the place of its other end is no news of the kernel's
        return item.model_copy(update={"peer_place": "", "peer_name": ""}), text
    return item, text
