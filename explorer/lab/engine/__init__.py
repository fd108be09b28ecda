"""The node's own Docker engine as a thing to use: its client, the kernel it stands on, control groups, memory."""
