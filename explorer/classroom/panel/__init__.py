"""The admin panel: one module for each table. Its forms change no rows.

`people.access` decides which rows a user sees, not Django's permission rows. What is not theirs looks as if it did not exist.
What can be done is a `Wish` (`base.py`): it goes through the same services as on other pages, is noted in the audit log, and
answers with a sentence for each row. Done twice, it says so and changes nothing.
"""
