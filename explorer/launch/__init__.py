"""Starting and stopping: the supervisor behind `make run` and a node container. Knows processes, not their work."""
