"""What a dissected frame is: layers of fields, each with its place in the bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One header field. `offset` and `length` are bytes from the start of the frame; a field of a few bits names the bytes that
    hold it. `value` is text as the usual tools print it."""

    name: str
    value: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Layer:
    """One header. `problem` is empty, or begins with "truncated" or "malformed". `depth` counts the tunnels around it."""

    protocol: str
    offset: int
    length: int
    fields: tuple[Field, ...] = ()
    problem: str = ""
    depth: int = 0

    def get(self, name: str) -> str:
        """The value of the first field of that name, or nothing."""
        return next((field.value for field in self.fields if field.name == name), "")


@dataclass(frozen=True, slots=True)
class Packet:
    """A frame. `length` is what it had on the wire, `captured` how much of it there was to read."""

    layers: tuple[Layer, ...]
    length: int
    captured: int

    @property
    def problem(self) -> str:
        """The first layer's that has one, or nothing."""
        return next((layer.problem for layer in self.layers if layer.problem), "")

    def find(self, *protocols: str, depth: int | None = None) -> Layer | None:
        """The outermost layer of one of these protocols (at that depth of tunnels)."""
        return next(
            (one for one in self.layers if one.protocol in protocols and (depth is None or one.depth == depth)),
            None,
        )
