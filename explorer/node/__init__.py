"""The node's own processes, which are the only ones that act on an engine.

`work` does what a row asks for. `reconcile` holds rows and engine against each other. `relay` sees sandboxes and tells
browsers. `lessons` plays lessons. `operator` and `management` are the command line. `tasks` has Celery's doors. The web side
imports nothing from here: it writes a row and names a task.
"""
