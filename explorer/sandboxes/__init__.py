"""What web and node share of sandboxes: their rows, how these change, and what is told about them.

`opening.py` is the one way to open a sandbox; `life.py` is what is done to it afterwards. `warm.py` has the words for those
that are made before anybody asks. `limits.py` says who may have one now, of the nodes that `nodes.py` read. Every change of a
sandbox's row goes through `changes.py`, whose `move` says yes to one caller. Asking and doing are apart: the web side writes
rows and names tasks, and `explorer.node` does the work.
"""
