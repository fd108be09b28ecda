"""Hosts and machines of a sandbox on the engine: LANs, starting, building a scenario, running commands, removing."""
