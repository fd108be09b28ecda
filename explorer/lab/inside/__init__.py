"""Entering a host's namespaces from outside, with the sockets and tools used there. No path a host can write is followed."""
