"""Observes a sandbox from outside: which namespaces there are, what is in each, and what changed.

`observe.Observer` watches one sandbox and reports to a `Witness`, one change at a time.

- `hostwatch` watches one host or machine. Its processes' control groups show the namespaces; `holding` keeps a descriptor of
  each, and `mounted` adds the namespaces that only a mount keeps.
- `namespace` watches one namespace: netlink says which views are out of date, and only those are read again.
- `shown` joins the readings: veth ends, reasons, times; what differs from what was shown before comes out once.
- `verdicts` says when a line may be called somebody else's and not Docker's, and after which command it appeared.
- `daemon` follows the host's own Docker daemon. `happenings` puts its events in words. `remembered` keeps the names that the
  kernel still supports when the daemon is silent.
- `journal` is a machine's log of requests, `calls` a third-party driver's journal. Where a VXLAN interface is, frames are taken
  (`inside.vxlan_tap`).
- `commands` are the commands that people give, from the kernel's process connector: one socket for a node, and a separate
  program (`inside.execs`) that reads each process. The kernel reports programs only to a node that is not in a container.

Everything that a learner can multiply is bounded, and what was left out is counted or marked.
"""
