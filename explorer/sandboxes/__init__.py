"""What the web side and the nodes share about sandboxes: the rows, the changes of these rows, and the messages about them.

The row of a sandbox says what is wanted; the Docker engine of a node has what is there. The web side writes rows and sends
Celery tasks by their name. The package `explorer.node` does the work. A task may get lost: the node's reconciler reads the
rows every ten seconds and sends it again.

- `opening.py` opens a sandbox for a learner; `warm.py` explains the sandboxes that are made before a learner asks for one.
- `life.py` extends, resets and closes a sandbox. `changes.py` writes the row; `limits.py` and `nodes.py` say what is possible
  now.
- `events.py` has the messages to browsers and the names of Redis keys; `orders.py` has the messages to a node.
- `comparisons.py` and `columns.py` do the same for comparisons. All sandboxes of a comparison run on one node.

Streams (`streams.py`): each sandbox has one stream in Redis. An event's number is the id of its entry. A browser sends the
number of the last event it has and gets every later event once, or a whole snapshot marked `resync` when events in between
were deleted. Each terminal and each capture has a stream of its own, so that their many bytes do not push events out.

Looking back (`past.py`): the page keeps the changes it received. For what happened before the page was loaded it asks the
server, which answers with one whole snapshot and the changes since.

Lessons that instructors bring (`library.py`): a row `AuthoredLesson` keeps the present files and, apart from these, the
published files, so that a new draft does not disturb learners.
"""
