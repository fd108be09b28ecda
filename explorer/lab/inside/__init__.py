"""Ways into a host's namespaces from outside, and the sockets and tools used there.

- `netns` opens a network namespace through `/proc/PID/ns/net` of a process in the host's control group.
  It makes sockets there.
- `places` finds the namespaces of a host and gives them the names that a learner knows.
- `tools` runs the node's own tools in a namespace: only the network namespace is the learner's.
- `inner` reads the host's files and its daemon's socket without following any link; `unix_http` is HTTP over such a socket.
- `netlink` tells which views are out of date; `filters` are packet filters (BPF); `vxlan_tap` takes a few VXLAN frames per
  second.
- `execution` runs a program in a host or machine; `hangup` ends shells; `execs` reads which commands people give.
- `pace` slows down floods. `allowance` is how much of the node's time a sandbox may cost; work that grows with what a host
  offers is done through it, beside the event loop.

No path that a host can write is followed, and everything that comes from inside is bounded in size and time.
"""
