#!/usr/bin/env bash
# Remakes links/: one network namespace with every kind of link this kernel has, read with and without details.
set -euo pipefail
to=$(cd "$(dirname "$0")" && pwd)/links ns=links-$$
mkdir -p "$to"; ip netns add "$ns"; trap 'ip netns del "$ns"' EXIT
i() { ip -n "$ns" "$@" 2>/dev/null || echo "this kernel has no: $*" >&2; }
i link set lo up
i link add left type veth peer name right; i link set left up; i link set right up
i addr add 10.1.0.1/24 dev left; i addr add 10.1.0.9 peer 10.1.0.10/32 dev left; i addr add 2001:db8::1/64 dev left
i addr add 10.1.0.77/24 dev left valid_lft 600 preferred_lft 300
i link add br7 type bridge; i link set right master br7; i link set br7 up
i link add vx type vxlan id 4097 local 10.1.0.1 remote 10.1.0.2 dstport 4789 dev left; i link set vx up
i link add mv link left type macvlan mode bridge; i link set mv up; i addr add 10.1.0.3/24 dev mv
i link add iv link left type ipvlan mode l2
i link add link left name left.5 type vlan id 5
i link add dm type dummy
i link property add dev left altname a-longer-name; i link set left alias "said by a person"
i route add default via 10.1.0.254; i route add 10.9.0.0/16 nexthop via 10.1.0.2 nexthop via 10.1.0.4
i route add blackhole 10.8.0.0/16; i route add unreachable 10.7.0.0/16 metric 50; i route add 10.6.0.0/16 via 10.1.0.2 mtu 1400 table 100
i route add default via 10.1.0.253 metric 20; i route add default via 2001:db8::ff
i neigh add 10.1.0.4 lladdr 02:00:00:00:00:04 dev left; i neigh add 2001:db8::4 lladdr 02:00:00:00:00:06 dev left nud stale
bridge -n "$ns" fdb add 02:00:00:00:00:05 dev vx dst 10.1.0.5; bridge -n "$ns" fdb add 02:00:00:00:00:07 dev right master static || true
ping=$(ip netns exec "$ns" ping -c 1 -W 1 10.1.0.200 2>&1 || true); : "$ping"
ip -n "$ns" -d addr >"$to/ip-d-addr.txt"; ip -n "$ns" addr >"$to/ip-addr.txt"
ip -n "$ns" route show table all >"$to/ip-route-all.txt"; ip -n "$ns" route >"$to/ip-route.txt"
ip -n "$ns" neigh >"$to/ip-neigh.txt"; bridge -n "$ns" fdb >"$to/bridge-fdb.txt"; bridge -n "$ns" fdb show >"$to/bridge-fdb-show.txt"
