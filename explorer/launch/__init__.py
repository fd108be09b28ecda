"""Starts and stops an installation: the supervisor behind `make run` and behind a node container.

- `parts` lists the processes of an installation and the order in which they start; `chores` is the short work between them.
- `supervise` starts the parts in order, waits until each is ready (`ready`), watches them, and ends them in reverse order.
- `confine` runs the web process and the embedded Valkey without privileges and without access to the engine.
- `state` makes the directories, holds the lock of the installation, and ends what a killed supervisor left behind.
- `console` shows a person the phases; `parent` notices that `make` is being stopped.

Each part writes a log in `logs` in the state directory. A part that ends by itself stops the installation, and the end of its
log is shown. On one machine the order is: Valkey, database, static files, engine, and then worker, relay and web together.
"""
