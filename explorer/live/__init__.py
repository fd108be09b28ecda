"""The websockets of the site: each class sends a browser what is new, and takes its wishes.

`edge.py` has what all websockets share: permission before accepting, a limit on open sockets, bounded messages, close codes.
`hub.py` and `feed.py` read each Redis stream once in a process and hand its entries to all sockets that want them.

- `sandbox.py`: the events of a sandbox. A browser names the last number it has and gets every later event once, or a new
  snapshot when events in between were deleted.
- `terminal.py`: bytes of one terminal, each with its offset. `capture.py`: frames of one capture.
- `comparison.py`: how far each column is. The page fetches results itself.
- `seat.py`: that something of a learner's class has changed. The page fetches what.
- `wall.py`: the tiles of a class for an instructor. One reader for each class and process (`wall_reader.py`) looks every half
  second while a socket is open, and each socket gets the differences to what it was sent last.
- `watching.py`: sandbox and terminal for somebody who watches a learner (`?watch=1`). The learner sees that; see
  `classroom.wall.watching`.

A socket asks for permission again when the row changes, since a pause, the end of a class, or another learner can take it
away.
"""
