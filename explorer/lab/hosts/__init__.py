"""Hosts and machines of a sandbox on the node's engine.

- `lifecycle` opens and closes a sandbox. Every container, volume and network has labels, so it can be found without the
  database.
- `lans` makes the LANs, chooses addresses, and writes the file that says when hosts end themselves.
- `machines` has the rights, limits and mounts of a host and of a plain machine; `quota` limits what a host takes of shared
  things.
- `seeds` imports images and makes the seed that every new host's volume is copied from.
- `stage` makes what the scenario puts on running hosts; `run` runs one command for callers without asyncio.
"""
