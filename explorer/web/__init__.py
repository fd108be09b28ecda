"""The HTTP edge: one module of function views per page family."""
