"""A learner's place in a class: joining, the name, wrong codes, the way back, and what changes in a seat.

A class's code is short and proves nothing, so wrong codes are counted by browser and by address (`guessing.py`), and too many
stop further typing. The class's own link carries a signature and is not stopped by that. The form to join carries a signed
ticket with the id of the learner it will make, so a form that is sent twice makes one seat.
"""
