"""The typed picture of a sandbox, how text from the kernel's tools becomes that picture, and what follows from it. This
package is pure: it starts no program, opens no socket and reads no database.

A `Snapshot` (`model`) holds places. A place is one network namespace under the name that a learner knows: `h1`, `h1/web`,
`outside`. A place has views (`views.VIEWS`): interfaces, routes, rules and so on. A view holds the text that a tool printed
and the typed items that `read` took from the same text, so the two cannot disagree. Kernel facts (`Snapshot.places`) and the
names that a Docker daemon gives (`Snapshot.docker`) are kept apart.

- `explain` and `drivers` say why a line is there; `cause` says what a line belongs to.
- `since` keeps the time when a line appeared. `added` uses these times and the owners to say what one network or container
  added. It counts nothing that was there before its owner.
- `differ` finds what changed between two observations; `timeline` says the change in sentences.
- `journeys` puts the way of one packet in order; `packets` takes the bytes of a frame apart.
- `grid` lists what every place asks of every other place; `reach` says in one sentence why an answer came or did not come.
- `comparison` reads the answers of several variants of a network and says why they differ.
- `recreate` turns a picture into the commands that make the same networks and containers again.

Everything that came from a host is hostile input: readers bound its size and keep unknown lines as plain text.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """The base of everything seen: immutable; an unknown field is a programming error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
