"""Measured figures, each with its baseline from the same run: `python -m bench`. Starts an installation of its own."""
