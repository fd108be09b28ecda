"""The relay: one asyncio process on each node that looks into the sandboxes there and publishes what it sees.

- `process.py` reads from the rows which sandboxes to watch, and takes orders from the node's Redis stream.
- `sandbox_watch.py` is one watched sandbox. Its observer (`lab.watch.observe`) reports each change once.
- `telling.py` turns these changes into numbered events and keeps the snapshot that belongs to the last number.
- `teacher.py` judges the checks of the learner's step; `script_pace.py` decides when its scripts run.
- `owners.py` remembers what each network and container has put on its host, for the time after its removal.
- `terminals.py` and `one_shell.py`, `captures.py`, `journeys.py`, `grid.py`: each carries out one kind of order.
- `pulse.py` writes the heartbeat: what operators should know (`sandboxes/heartbeat.py` says what it holds).
- `column_desk.py` measures the columns of comparisons. The relay does not watch the sandboxes of comparisons otherwise.

Work that grows with what a host offers is done in a thread beside the loop and charged to the sandbox (`lab.inside.allowance`).

An order is carried out by the method that has the name of its type. Such a method returns at once and does the work in a task,
so one slow order does not delay others.

When the relay starts again, it reads what an earlier relay left in Redis: it marks the open terminals as closed, ends their
shells and the captures, and publishes a new whole snapshot under a higher number. When Redis lost its data, it does the same
for the snapshot.
"""
