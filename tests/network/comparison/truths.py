"""What each variant comes to, as it was checked by hand with plain Docker commands on a host.

(mark, word) of every row that is the same every time. What a variant shares with another is written once.
"""

YES, NO = ("yes", "yes"), ("no", "no")
NONE, NO_ADDRESS = ("no", "none"), ("no", "no address")


def value(word):
    return ("value", word)


BRIDGE = {
    "netns": YES,
    "interfaces": value("lo, eth0"),
    "address": YES,
    "mac": YES,
    "mtu": value("1500"),
    "by-address": YES,
    "by-name": YES,
    "outward": YES,
    "seen-as": value("the host's"),
    "inward": NO,
    "published": YES,
    "from-host": YES,
    "host-published": YES,
    "across": NO,
    "host-interfaces": value("3"),
    "host-routes": value("1"),
    "host-rules": value("11"),
    "host-fdb": value("14"),
    "proxies": value("2"),  # one for 0.0.0.0, one for [::]
}
NOTHING_ON_HOST = {row: value("none") for row in ("host-interfaces", "host-routes", "host-rules", "host-fdb", "proxies")}
UNPUBLISHED = {"published": NO, "host-published": NO, "proxies": value("none")}

TRUTHS = {
    "bridge": BRIDGE,
    "bridge@28": BRIDGE | {"host-rules": value("12")},
    "host": NOTHING_ON_HOST
    | {
        "netns": ("no", "the host's"),
        "interfaces": value("lo, docker0, eth0"),
        "address": ("no", "the host's"),
        "mac": ("no", "the host's"),
        "mtu": value("1500"),
        "by-address": YES,
        "by-name": NO,
        "outward": YES,
        "seen-as": value("the host's"),
        "inward": YES,
        "published": NO,
        "from-host": YES,
        "host-published": NO,
        "across": YES,
    },
    "none": NOTHING_ON_HOST
    | {
        "netns": YES,
        "interfaces": value("lo"),
        "address": NONE,
        "mac": NONE,
        "mtu": NONE,
        "by-address": NO_ADDRESS,
        "by-name": NO,
        "outward": NO,
        "seen-as": NONE,
        "inward": NO_ADDRESS,
        "published": NO,
        "from-host": NO_ADDRESS,
        "host-published": NO,
        "across": NO_ADDRESS,
    },
    "macvlan": NOTHING_ON_HOST
    | {
        "netns": YES,
        "interfaces": value("lo, eth0"),
        "address": YES,
        "mac": YES,
        "mtu": value("1500"),
        "by-address": YES,
        "by-name": YES,
        "outward": YES,
        "seen-as": value("its own"),
        "inward": YES,
        "published": NO,
        "from-host": NO,
        "host-published": NO,
        "across": YES,
        "host-fdb": value("2"),
    },
    "overlay": BRIDGE
    | {
        "interfaces": value("lo, eth0, eth1"),
        "mtu": value("1450"),
        "from-host": NO,
        "across": YES,
        "host-interfaces": value("15"),
        "host-routes": value("7"),
        "host-rules": value("23"),
        "host-fdb": value("49"),
    },
    "bridge-internal": BRIDGE | UNPUBLISHED | {"outward": NO, "seen-as": NONE, "host-rules": value("3")},
    "bridge-no-icc": BRIDGE | {"by-address": NO, "by-name": ("partly", "the name, no answer")},
    "bridge-loopback": BRIDGE | {"published": NO, "proxies": value("1")},
    "bridge-no-proxy": BRIDGE | {"host-rules": value("13"), "proxies": value("none")},
    "third-party": BRIDGE | UNPUBLISHED | {"outward": NO, "seen-as": NONE, "host-rules": value("1")},
}
TRUTHS |= {
    "overlay@28": TRUTHS["overlay"] | {"host-rules": value("26")},
    "bridge-internal@28": TRUTHS["bridge-internal"],
    "bridge-no-icc@28": TRUTHS["bridge-no-icc"] | {"host-rules": value("13")},
    "bridge-no-proxy@28": TRUTHS["bridge-no-proxy"] | {"host-rules": value("16")},
}
NO_IPV6 = {
    "address6": NONE,
    "gateway4": YES,
    "gateway6": NONE,
    "dns4": YES,
    "dns6": NONE,
    "ping4": YES,
    "ping6": NO_ADDRESS,
    "outward6": NO,
    "seen-as6": NONE,
    "inward6": NO_ADDRESS,
    "published6": YES,
    "published6-as": value("the host's IPv4"),
    "host-published6": YES,
    "rules4": value("8"),
    "rules6": value("none"),
}
WITH_IPV6 = dict.fromkeys(NO_IPV6, YES) | {
    "inward6": NO,
    "outward6": NO,
    "seen-as6": NONE,
    "published6-as": value("the host's IPv6"),
    "rules4": value("11"),
    "rules6": value("none"),
}
BY_IP6TABLES = {
    "outward6": YES,
    "seen-as6": value("the host's"),
    "published6-as": value("outside's"),
    "rules4": value("12"),
    "rules6": value("12"),
}
TRUTHS |= {
    "bridge-proxied": BRIDGE
    | NO_IPV6
    | {"published": NO, "host-published": NO, "host-rules": value("8"), "proxies": value("1")},
    "bridge-ipv6@26": BRIDGE | WITH_IPV6 | {"host-fdb": value("23")},
    "bridge-ipv6@28": BRIDGE | WITH_IPV6 | BY_IP6TABLES | {"host-fdb": value("22"), "host-rules": value("24")},
    "bridge-ipv6-only": BRIDGE
    | WITH_IPV6
    | BY_IP6TABLES
    | dict.fromkeys(("address", "gateway4", "dns4"), NONE)
    | dict.fromkeys(("by-address", "inward", "from-host", "across", "ping4"), NO_ADDRESS)
    | {"outward": NO, "seen-as": NONE, "published": NO, "host-published": NO, "rules4": value("none")}
    | {"host-routes": value("none"), "host-rules": value("12"), "host-fdb": value("22"), "proxies": value("1")},
}


def before_ipv6(name):
    """The truths of the hosts that the kept output is from: their LAN had no IPv6, and Docker published on 0.0.0.0 alone."""
    truths = TRUTHS[name]
    if "rules6" in truths:
        return truths
    return truths | {"proxies": value("1")} if truths.get("proxies") == value("2") else truths
