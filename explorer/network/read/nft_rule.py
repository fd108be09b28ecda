"""One rule in the words of nft: what it matches and what it does, in the fields of `model.Rule`."""

from __future__ import annotations

import re

from explorer.network.read.text import number

_COUNTED = re.compile(r'("[^"]*")|\bcounter packets \d+ bytes \d+\b')
_COUNTS = re.compile(r"\bcounter packets (\d+) bytes (\d+)\b")
_PROTOCOLS = ("tcp", "udp", "sctp", "dccp", "udplite", "th")
_VERDICTS = {"accept": "ACCEPT", "drop": "DROP", "return": "RETURN", "reject": "REJECT", "masquerade": "MASQUERADE"}
_MATCHES: dict[tuple[str, ...], str] = {  # the first words of a match → field of Rule
    ("ip", "saddr"): "source",
    ("ip", "daddr"): "destination",
    ("ip6", "saddr"): "source",
    ("ip6", "daddr"): "destination",
    ("iifname",): "in_interface",
    ("iif",): "in_interface",
    ("oifname",): "out_interface",
    ("oif",): "out_interface",
    ("meta", "l4proto"): "protocol",
    ("ip", "protocol"): "protocol",
    ("ip6", "nexthdr"): "protocol",
    ("ct", "state"): "ct_state",
    **{(protocol, "dport"): "destination_port" for protocol in _PROTOCOLS},
    **{(protocol, "sport"): "source_port" for protocol in _PROTOCOLS},
}
_STEPS = {"vmap", "map", "and", "or", "&", "|", "^", ".", "<", ">", "<=", ">=", "set"}  # not a plain value: left as it is
_MOST = 256  # words that are kept in `other`


def counts(text: str) -> tuple[int | None, int | None]:
    """Packets and bytes of the first counter that stands in a text outside of quotes."""
    found = _COUNTS.search(re.sub(r'"[^"]*"?', '""', text))
    return (number(found[1]), number(found[2])) if found else (None, None)


def uncounted(text: str) -> str:
    """A rule without the figures of its counters; what stands in quotes stays as it is."""
    return _COUNTED.sub(lambda found: found[1] or "counter", text)


def read_rule(text: str, spec: str) -> dict[str, object]:
    """Fields of `model.Rule`, without those that name its place. `spec` is the text without counters."""
    words = split_words(spec)
    packets, size = counts(text)
    fields: dict[str, str] = {}
    other: list[str] = []
    at = 0
    while at < len(words):
        taken = _match(words, at, fields) or _does(words, at, fields)
        if not taken:
            other.append(unquoted(words[at]))
        at += taken or 1
    return {**fields, "other": tuple(other[:_MOST]), "packets": packets, "bytes": size}


def _match(words: list[str], at: int, fields: dict[str, str]) -> int:
    """How many words a match takes that begins there; 0 when it is none, or one that was already there."""
    for length in (2, 1):
        field = _MATCHES.get(tuple(words[at : at + length]))
        value = at + length
        if not field or field in fields:
            continue
        negated = words[value : value + 1] == ["!="]
        value += negated or words[value : value + 1] == ["=="]
        if value >= len(words) or words[value] in _STEPS or words[value + 1 : value + 2] == ["."]:
            return 0
        fields[field] = ("!" if negated else "") + unquoted(words[value])
        if length == 2 and field.endswith("_port") and words[at] != "th":
            fields.setdefault("protocol", words[at])
        return value + 1 - at
    return 0


def _does(words: list[str], at: int, fields: dict[str, str]) -> int:
    """How many words a verdict or a translation takes that begins there."""
    word, following = words[at], words[at + 1 :]
    if word == "counter" and following[:1] != ["name"]:
        return 1
    if "target" in fields:
        return 0
    if word in _VERDICTS:
        fields["target"] = _VERDICTS[word]
        return 1
    if word in ("jump", "goto") and following:
        fields["target"] = following[0]
        return 2
    if word == "vmap" and following and following[0].startswith("@"):
        fields["target"] = following[0]
        return 2
    if word in ("dnat", "snat", "redirect"):
        fields["target"] = word.upper()
        skipped = 1 if following[:1] and following[0] in ("ip", "ip6", "inet") and word != "redirect" else 0
        to = following[skipped : skipped + 2]
        if len(to) == 2 and to[0] == "to" and re.match(r"[\d:\[a-f]", to[1]):
            fields["to_source" if word == "snat" else "to_destination"] = to[1]
            return 3 + skipped
        return 1 + skipped
    return 0


def split_words(spec: str) -> list[str]:
    """The words of a rule. What is in double quotes is one word with its quotes, what is in braces is one word."""
    return [piece for piece in pieces(spec, " ") if piece]


def pieces(text: str, separator: str) -> list[str]:
    """The text divided at a separator, but not in quotes or braces."""
    found: list[str] = []
    start = at = depth = 0
    quoted = False
    while at < len(text):
        letter = text[at]
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "{}":
            depth = max(0, depth + (1 if letter == "{" else -1))
        elif not quoted and not depth and text.startswith(separator, at):
            found.append(text[start:at])
            at += len(separator)
            start = at
            continue
        at += 1
    return [*found, text[start:]]


def unquoted(word: str) -> str:
    """A value without the quotes around names: `{ "lo", "docker0" }` becomes `{lo, docker0}`."""
    return re.sub(r"^\{ (.*) \}$", r"{\1}", word.replace('"', ""))
