"""One line of words per frame, as a person would say it who explains a capture."""

from __future__ import annotations

from explorer.network.packets.model import Layer, Packet


def summarise(packet: Packet) -> str:
    """The frame from the outside in: first the tunnels, then the packet in them."""
    carried = 0
    told = []
    while (tunnel := packet.find("VXLAN", depth=carried)) and not tunnel.problem:
        told.append(f"{_ends(packet, carried)} carries for VXLAN {tunnel.get('VNI')}: ")
        carried += 1
    return "".join(told) + innermost(packet, carried)


def innermost(packet: Packet, depth: int) -> str:
    """The layer that the frame is about, at this depth of tunnels."""
    layers = [layer for layer in packet.layers if layer.depth == depth]
    known = [layer for layer in layers if layer.protocol in _TOLD]
    if not known:
        ethernet = next((layer for layer in layers if layer.protocol == "Ethernet"), None)
        told = (
            f"{ethernet.get('source')} → {ethernet.get('destination')}, {_kind(ethernet)}" if ethernet else "nothing readable"
        )
    else:
        told = _TOLD[known[-1].protocol](packet, known[-1])
    broken = next((layer for layer in layers if layer.problem), None)
    return f"{told} ({broken.protocol} {broken.problem})" if broken else told


def _word(value: str) -> str:
    """The name in a value: `8 (echo request)` → `echo request`."""
    return value.partition("(")[2].removesuffix(")")


def _kind(ethernet: Layer) -> str:
    if length := ethernet.get("length"):
        return f"an 802.3 frame of {length} bytes"
    return f"type {ethernet.get('type')}" if ethernet.get("type") else "no type"


def _ends(packet: Packet, depth: int) -> str:
    internet = packet.find("IPv4", "IPv6", depth=depth)
    return f"{internet.get('source')} → {internet.get('destination')}" if internet else "? → ?"


def _with_ports(packet: Packet, layer: Layer) -> str:
    internet = packet.find("IPv4", "IPv6", depth=layer.depth)
    if internet is None:
        return "?"
    ends = zip((internet.get("source"), internet.get("destination")), ("source port", "destination port"), strict=True)
    return " → ".join(
        f"[{address}]:{layer.get(port)}" if ":" in address else f"{address}:{layer.get(port)}" for address, port in ends
    )


def _arp(_packet: Packet, layer: Layer) -> str:
    target, sender = layer.get("target IP"), layer.get("sender IP")
    if not target:
        return "ARP"
    if "reply" in layer.get("operation"):
        return f"ARP: {sender} is at {layer.get('sender MAC')}"
    return f"ARP: who has {target}? Tell {sender}"


def _internet(packet: Packet, layer: Layer) -> str:
    about = layer.get("protocol") or layer.get("next header")
    what = _word(about) or f"protocol {about}"
    if any(one.protocol == "Fragment" and one.depth == layer.depth for one in packet.layers):
        what = "a further fragment" if layer.protocol == "IPv6" else f"a further fragment of {what}"
    return f"{_ends(packet, layer.depth)}, {what}"


def _icmp(packet: Packet, layer: Layer) -> str:
    kind = _word(layer.get("type")) or f"type {layer.get('type')}"
    if kind.startswith("echo"):
        kind = f"ping {kind.partition(' ')[2]}"
    if code := _word(layer.get("code")):
        kind = code
    number = f", number {layer.get('sequence')}" if layer.get("sequence") else ""
    return f"{_ends(packet, layer.depth)}, {layer.protocol} {kind}{number}{_about(packet, layer)}".replace(
        "ICMP ping", "ping"
    ).replace("ICMPv6 ping", "ping")


def _about(packet: Packet, layer: Layer) -> str:
    """The packet that an ICMP error is about, as far as it is quoted."""
    quoted = [one for one in packet.layers if one.protocol.startswith("quoted ") and one.depth == layer.depth]
    if not quoted or quoted[0].problem:
        return ""
    ends, known = [quoted[0].get("source"), quoted[0].get("destination")], quoted[-1]
    ports = [known.get("source port"), known.get("destination port")]
    if all(ports):
        ends = [f"[{end}]:{port}" if ":" in end else f"{end}:{port}" for end, port in zip(ends, ports, strict=True)]
    what = known.protocol.removeprefix("quoted ") if known is not quoted[0] else "a packet"
    return f", about {what} {ends[0]} → {ends[1]}"


def _stp(_packet: Packet, layer: Layer) -> str:
    kind = _word(layer.get("kind")) or f"kind {layer.get('kind')}"
    if not layer.get("root MAC"):
        return f"spanning tree: {kind}"
    return f"spanning tree: {kind} of {layer.get('bridge MAC')}, whose root is {layer.get('root MAC')}"


def _llc(_packet: Packet, layer: Layer) -> str:
    return f"LLC for {_word(layer.get('destination SAP')) or layer.get('destination SAP')}"


def _udp(packet: Packet, layer: Layer) -> str:
    return f"{_with_ports(packet, layer)}, UDP"


def _tcp(packet: Packet, layer: Layer) -> str:
    return f"{_with_ports(packet, layer)}, TCP {layer.get('flags')}"


def _dns(packet: Packet, layer: Layer) -> str:
    question = layer.get("question") or "?"
    carrier = packet.find("UDP", depth=layer.depth)
    where = _with_ports(packet, carrier) if carrier else "?"
    if layer.get("kind") != "answer":
        return f"{where}, DNS asks {question}"
    return f"{where}, DNS answers {question}: {layer.get('answer') or _result(layer)}"


def _result(layer: Layer) -> str:
    told = _word(layer.get("result"))
    return told if told and told != "no error" else "nothing of that kind"


_TOLD = {
    "LLC": _llc,
    "STP": _stp,
    "ARP": _arp,
    "IPv4": _internet,
    "IPv6": _internet,
    "ICMP": _icmp,
    "ICMPv6": _icmp,
    "UDP": _udp,
    "TCP": _tcp,
    "DNS": _dns,
}

_SHOWN = {
    "Ethernet": ("type",),
    "VLAN": ("VLAN", "type"),
    "ARP": ("operation", "sender MAC", "sender IP", "target MAC", "target IP"),
    "IPv4": ("protocol", "TTL", "flags", "total length"),
    "IPv6": ("next header", "hop limit", "payload length"),
    "ICMP": ("type", "code", "id", "sequence"),
    "ICMPv6": ("type", "code", "id", "sequence", "target"),
    "UDP": ("length",),
    "TCP": ("flags", "sequence", "acknowledgement", "window", "MSS"),
    "DNS": ("kind", "result", "question", "answer"),
    "VXLAN": ("VNI",),
    "LLC": ("destination SAP", "source SAP"),
    "STP": ("kind", "root MAC", "bridge MAC", "cost to root"),
    "quoted IPv4": ("protocol", "TTL", "total length"),
    "quoted IPv6": ("next header", "hop limit", "payload length"),
    "quoted ICMP": ("type", "id", "sequence"),
    "quoted ICMPv6": ("type", "id", "sequence"),
    "quoted UDP": ("length",),
    "quoted TCP": ("sequence",),
}


def header_line(layer: Layer) -> str:
    """One header in one line: source and destination, then the fields that matter most."""
    values = {field.name: field.value for field in reversed(layer.fields)}
    told = []
    if layer.protocol.removeprefix("quoted ") in ("UDP", "TCP"):
        told.append(f"{values.get('source port', '?')} → {values.get('destination port', '?')}")
    elif "source" in values or "destination" in values:
        told.append(f"{values.get('source', '?')} → {values.get('destination', '?')}")
    told += [f"{name} {values[name]}" for name in _SHOWN.get(layer.protocol, ()) if name in values]
    if not layer.fields or layer.protocol not in _SHOWN:
        told.append(f"{layer.length} bytes")
    return ", ".join([*told, *([layer.problem] if layer.problem else [])])
