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


def before_ipv6(name):
    """The truths of the hosts that the kept output is from: their LAN had no IPv6, and Docker published on 0.0.0.0 alone."""
    truths = TRUTHS[name]
    return truths | {"proxies": value("1")} if truths.get("proxies") == value("2") else truths
