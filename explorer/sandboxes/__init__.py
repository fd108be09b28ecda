"""A learner's run: rows, events, the work on a node, and the doors to it."""
