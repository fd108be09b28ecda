"""The ways in which a packet can end, a row each: how it is made on a host, what proves it, and what has to be told."""
