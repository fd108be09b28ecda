"""One command or statement of a page, and what all rows are typed with."""

from __future__ import annotations

from dataclasses import dataclass, field

PLACES = ("h1", "h2", "outside")
CONFIG = "daemon.json: "  # a line that begins so is written into the daemon's file, and the daemon is started anew
SAID = "$SAID"  # in a line: the last line that the line before printed


@dataclass(frozen=True)
class Differs:
    """What one version of Docker Engine shows instead of what the page says."""

    seen: str  # a regular expression
    why: str


@dataclass(frozen=True)
class Row:
    """`typed` are lines for h1; another place stands in front, as in `outside: curl h1`. What the last line prints has to match
    `seen`, a regular expression, which holds what the page says. `differs` is by version of Docker Engine; `always` differs on
    every one. `undo` is typed at the end, whatever happened; it may fail."""

    page: str
    section: str
    says: str
    typed: tuple[str, ...]
    seen: str
    differs: dict[str, Differs] = field(default_factory=dict)
    always: Differs | None = None
    undo: tuple[str, ...] = ()
    note: str = ""  # how what is typed differs from the page's own example
    short: bool = False  # CI types it too

    def expected(self, engine: str) -> tuple[str, str]:
        """(regular expression, why it is not what the page says; "" when it is)."""
        if other := self.differs.get(engine) or self.always:
            return other.seen, other.why
        return self.seen, ""


def where(line: str) -> tuple[str, str]:
    """The place of a line, and what is typed there."""
    place, colon, rest = line.partition(": ")
    return (place, rest) if colon and place in PLACES else ("h1", line)


def compose(project: str, text: str, then: str = "docker compose up -d") -> str:
    """Writes the file of a project and does something there."""
    return f"mkdir -p /srv/{project} && cd /srv/{project} && echo '{text}' >compose.yaml && {then}"


OLD_IPV6 = "IPv6 rules are off unless the daemon is told `ip6tables` and `experimental`; they are on from 27.0. docker-proxy takes the port."
NO_GATEWAY_MODE = "the option is of 27.0 and later; a bridge network of 26 keeps it and does nothing with it"
NO_29 = "the option is of Engine 29, which a node has only where its operator names a source of it"
NO_INTERNET = "hosts have no way to a registry, so `box` stands for the page's image"
