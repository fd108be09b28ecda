"""The work of a node's tasks: opens, resets and closes sandboxes, and types kept commands into them."""
