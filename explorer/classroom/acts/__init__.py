"""What an instructor does to a class or to one seat of it: a table of actions (`table.py`) and the functions that do them.

To add an action, write its function and its row; `act.py` says what both are. The pages, the addresses, the audit log and the
tests of who may do what read the table. `tests/web/teach/test_effects.py` asks for what the action changes.
What follows from an action for a learner is in `people.rules` and `people.asker`.
"""
