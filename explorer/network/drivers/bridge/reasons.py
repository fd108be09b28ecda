"""Why a bridge network answers a comparison as it does."""

from __future__ import annotations

from explorer.network.drivers.bridge import families
from explorer.network.drivers.clauses import DNAT, NOT_TRANSLATED, ON_SWITCH, listens, masqueraded, plain_mtu, usual_rules
from explorer.network.drivers.compared import Cell, Clause, Variant


def _apart(variant: Variant, cell: Cell) -> str:
    if any(word.endswith("enable_icc=false") for word in variant.options):
        return "a rule drops what goes from one port of this bridge to another (ICC is off)"
    return ""


def _named_apart(variant: Variant, cell: Cell) -> str:
    apart = _apart(variant, cell)
    return f"the name server answers, but {apart}" if apart else ""


REASONS: dict[str, Clause] = {
    **ON_SWITCH,
    **families.REASONS,
    "interfaces": "eth0 is one end of a cable (veth) whose other end is a port of a bridge on the host",
    "mtu value": plain_mtu("Docker gives a bridge network"),
    "by-address no": lambda variant, cell: _apart(variant, cell) or families.no_address(variant, cell),
    "by-name partly": _named_apart,
    "outward yes": masqueraded("the host"),
    "seen-as the host's": NOT_TRANSLATED,
    "published yes": DNAT,
    "host-published yes": listens,
    "host-interfaces some": "a bridge, and the host's end of a cable for each container",
    "host-rules some": usual_rules,
    "from-lan": "at the host it is translated and forwarded to the bridge, and sent down a cable",
}
