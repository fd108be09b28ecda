"""A learner's pages of a class: joining it, the bar, the code as a picture."""
