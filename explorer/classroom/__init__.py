"""Classes: their rows, who may do what, what an instructor does, and what remains afterwards.

- `people` says who asks and what they may do. Views and websockets ask `people.access`.
- `seat` is a learner's place in a class: joining, the name, the way back. `models.py` has the tables.
- `acts` is what an instructor does to a class or a seat. `wall` is what an instructor sees of all seats.
- `after` has results, answers, and the deletion of personal data. `panel` is the admin panel.
- `authoring.py` keeps the lessons that instructors bring: as drafts, played on a node, and published.

A learner in a class is a learner of its own, made when the seat is taken. What a person did alone stays apart and comes back
when they leave the class, and deleting these learners deletes the personal data of the class. The session holds both ids.

Learners' pages show one part of the class, the bar. Whoever changes something that the bar shows writes the row and calls
`tell.tell_class`; the page's websocket then hears that something has changed, and the page fetches the bar again.

What an instructor does to a class, a seat or a sandbox is written to the audit log. Rows are only ever added to it; triggers
in the database hold that too.
"""
