"""What an instructor does to a class or a seat. What follows from it for a learner is in `people.rules` and `people.asker`."""
