"""The wall: what an instructor sees of a class. One tile for each seat, who is stuck, and who watches whom.

`tiles.py` makes tiles from rows (`seats.py`) and from what streams told (`lately.py`), and finds the differences between two
pictures of the wall. `stuck.py` says in a sentence why somebody counts as stuck. Both are pure. `look.py` puts all together.

`live/wall_reader.py` looks every half second, once for each class and web process. A look costs a few queries, one MGET, and
at most 25 new events of each sandbox, so many events cost no more than few. The page counts times on by itself.

Whoever may run the class can watch a learner's sandbox. Terminals may be read only when the class says so or the learner
invites, and typed in only while the learner invites. `watching.py` notes each watcher of a terminal in Redis before the first
byte is read. The learner's bar shows it, and the audit log keeps it.
"""
