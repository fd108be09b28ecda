"""What an instructor does to a class or a seat. `table.py` lists all actions; `act.py` says what an action is.

An action works under a lock on the class's row (`once.hold_class`). When two instructors do the same at once, the second
waits, finds it done, and is told so. An action whose effect cannot be read from a row (a reset, a copy) looks into the audit
log for the same action in the last ten seconds (`once.claim`). The sandboxes of a class are changed one seat at a time, so
that a refusal for one does not stop the others; the answer counts how it went.

To add an action, write its function and its row. The pages, the addresses, the audit log and the tests of rights read the
table; `tests/web/teach/test_effects.py` asks for what the action changes.

What follows for learners is asked elsewhere: `people.rules` and `people.asker` say what a pause and locked steps forbid. While
a class is paused its sandboxes do not expire, and when it goes on, the pause is added to the end of each. A step that is
locked also brings back the learners who were beyond it, so the relay need not know of locks.

Sandboxes prepared for a class (`preparing.py`) are warm sandboxes whose row has the class's id. Copies of a sandbox
(`states.py`) are new sandboxes into which the node types commands; `network.recreate` makes these from the last snapshot.
"""
