"""The node's own Docker engine: its client, the kernel below it, control groups, the runtime with user ids and a
disk of its own for each container, memory, and what it may leave behind."""
