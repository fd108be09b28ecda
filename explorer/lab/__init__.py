"""The package that speaks to Docker and to the kernel. It imports neither Django nor the settings: `config.LabConfig` carries
what it needs of them.

- `serve` runs the node's own Docker engine in a network namespace of its own; `engine` is its client and what it needs of the
  machine; `images` builds and loads the root file systems of hosts and machines.
- `hosts` opens and closes a sandbox: its LANs, its hosts with a Docker Engine each, its machines, and what its scenario makes.
- `watch` observes a sandbox from outside and reports every change once.
- `ask` holds what needs an act: probes, journeys, captures, the grid, measurements, scripts of lessons, terminals.
- `drops` hears which packets the kernel drops, and why.
- `compare` does and measures the work of one column of a comparison.
- `inside` enters namespaces from outside and holds the sockets and tools that are used there. It follows no path that a host
  can write.
- `isolation` tries to get out of a sandbox, from inside.
- `doctor` says what this node can do, `usage` what a sandbox takes. `diskuse` counts what each takes of the disk, and
  `diskguard` ends one when the disk is nearly full. `memory` ends the sandbox that uses up the kernel's memory;
  `ended` keeps why. `cpu_weights` makes a host that computes without end give way.
- `errors` lists what can go wrong, and whose fault it is.
"""
