"""Starting and stopping an installation: the supervisor behind `make run` and a node container, the processes it starts, and
the short work before them (directories, database, static files)."""
