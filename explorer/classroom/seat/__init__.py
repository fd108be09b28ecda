"""A learner's place in a class: joining, names, wrong codes, what changes there."""
