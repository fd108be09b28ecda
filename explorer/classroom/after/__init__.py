"""What remains of a class: results, answers to predictions, and the deletion of personal data.

`results.py` reads the whole class in two queries and holds progress against the lessons as they are today. `forgetting.py`
deletes learners and with them what they did. Seats stay without names, and counts stay in the audit log. The same is done
every hour to classes and learners of a certain age, by a Celery task.
"""
