"""A class and everybody's rights: classes, seats, what an instructor may do to them, and who did what."""
