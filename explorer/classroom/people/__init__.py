"""Who asks and what they may do: roles, access, the audit log, rates, signed passes of embedded pages.

A view that acts for a learner begins with an `Asker` (`asker.py`): learner, seat and class are read together there, once, and
answer every later question of the request. `rules.py` is what a class says to its learners.
"""
