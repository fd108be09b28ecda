"""Keeps one sandbox from using up the node's memory by things that no limit of its hosts counts.

Many things a kernel makes for a process are charged to nobody: neighbours, entries of a bridge, tracked connections, control
groups, unread packets. `node` reads how much there is on the whole machine, `holdings` and `sandboxes` find who holds it,
`growth` finds whose processes make it grow, `guard` decides and ends.
"""
