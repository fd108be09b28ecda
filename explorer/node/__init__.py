"""The processes of a node, which open sandboxes, look into them and close them. The web side imports nothing from here.

- `tasks.py` has the Celery tasks; each calls a function of `work`, `reconcile` or `lessons`.
- `work` does what a sandbox's row asks for: opening, resetting, closing.
- `reconcile` runs every ten seconds. It compares the rows with the Docker engine and repairs differences.
- `relay` is one asyncio process. It looks into the running sandboxes and publishes what it sees.
- `lessons` plays lessons on a real sandbox. `operator` and `management` are the command line.

The row says what is wanted and the engine has what is there. A task may come late, twice or not at all; a task therefore reads
the row again before it does anything. The reconciler removes from the engine only what is over, a few at a time. When it would
have to remove most of what runs, it removes nothing and logs an error, because then the database is probably wrong.

Comparisons: when a column's sandbox is ready, the relay claims the column and measures it (`relay.column_desk`). This is not a
Celery task because it mostly waits, and five waiting columns would block the workers from opening and closing sandboxes. For
the first forty seconds of a comparison the node makes no common warm sandboxes, because a starting host disturbs the
measurements.

For the admin panel the reconciler writes how full the node is once a minute, what each sandbox uses when that has changed, and
once an hour what `labdoctor` finds.
"""
