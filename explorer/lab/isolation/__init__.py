"""Whether the borders of a sandbox hold, tried from inside: a program of many forbidden acts is run by root of a host.

- `harness` is the frame of that program; `calls` and the other modules of attempts run inside a sandbox, with the standard
  library only, and are never imported by the node for what they do.
- `bait` is what the node puts out to be reached; `trial` puts the program together, runs it and reads its answer.
"""
