"""An error of a command that the operator can do something about."""


class Trouble(Exception):
    """An error for the operator, in one sentence."""
