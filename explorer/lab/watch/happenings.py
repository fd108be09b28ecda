"""What a host's daemon reports, in plain words. Names come from the host: they are made short, one line and plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from explorer.network.read.compose import service_of

CONTAINER = {
    "create": "container {name} created",
    "start": "container {name} started",
    "pause": "container {name} paused",
    "unpause": "container {name} goes on",
    "oom": "container {name} ran out of memory",
    "destroy": "container {name} removed",
    "rename": "container {old} is now called {name}",
    "die": "container {name} stopped",
}
NETWORK = {
    "create": "network {name} created",
    "connect": "{container} connected to {name}",
    "disconnect": "{container} disconnected from {name}",
    "destroy": "network {name} removed",
}


class Deed(NamedTuple):
    """What was done to one container or network. `did` is the daemon's word for it, `old` a renamed container's former name.
    An event of a network does not hold its labels, so `project` is empty there."""

    kind: Literal["container", "network"]
    name: str
    did: str
    old: str = ""
    project: str = ""
    service: str = ""


def deed_of(event: Any) -> Deed | None:
    """The deed of an event that `describe` has a sentence for, when its container belongs to a Compose project or it is a
    network's."""
    kind, did, actor = event["Type"], event["Action"], event["Actor"]
    told = actor.get("Attributes")
    facts: dict[str, Any] = told if isinstance(told, dict) else {}
    name = plain(facts.get("name"))
    if not name:
        return None
    if kind == "network":
        return Deed("network", name, did)
    project, service = service_of(facts)
    return Deed("container", name, did, plain(facts.get("oldName")).lstrip("/"), project, service) if project else None


def describe(event: Any, names: Mapping[str, str]) -> tuple[str, str]:
    """(sentence, detail); both are empty for events that people need not read. `names` maps container id → name."""
    if not isinstance(event, dict) or not isinstance(event.get("Actor"), dict):
        return "", ""
    kind, action, actor = event.get("Type"), event.get("Action"), event["Actor"]
    told = actor.get("Attributes")
    facts: dict[str, Any] = told if isinstance(told, dict) else {}
    sentences = {"container": CONTAINER, "network": NETWORK}.get(kind if isinstance(kind, str) else "", {})
    sentence = sentences.get(action if isinstance(action, str) else "")
    if not sentence:
        return "", ""
    container = facts.get("container")
    words = {
        "name": plain(facts.get("name")) or plain(actor.get("ID"))[:12] or "?",
        "old": plain(facts.get("oldName")).lstrip("/") or "?",
        "container": names.get(container, plain(container)[:12]) if isinstance(container, str) else "a container",
    }
    return sentence.format(**words), detail_of(kind, action, facts)


def detail_of(kind: Any, action: Any, facts: Mapping[str, Any]) -> str:
    if kind == "network":
        return f"driver {plain(facts['type'])}" if action == "create" and facts.get("type") else ""
    if action == "die" and facts.get("exitCode") is not None:
        return f"exit status {plain(facts['exitCode'])}"
    image = plain(facts.get("image")) if action in ("create", "start") else ""
    project, service = service_of(facts)
    parts = (f"image {image}" if image else "", f"service {service} of project {project}" if project else "")
    return ", ".join(filter(None, parts))


def plain(value: Any, length: int = 128) -> str:
    """The value as one short line without control characters."""
    text = value if isinstance(value, str) else ""
    return "".join(letter if letter.isprintable() else "�" for letter in text[:length])
