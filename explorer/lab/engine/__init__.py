"""The node's own Docker engine: its client, the kernel below it, control groups, user ids, memory, and what it may leave
behind."""
