"""A dissected frame: layers of fields, each with the bytes it was read from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One header field. `offset` and `length` are bytes from the start of the frame; for a field of a few bits they are the
    bytes that hold it. `value` is text as the usual tools print it."""

    name: str
    value: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Layer:
    """One header. `problem` is empty, or begins with "truncated", "malformed" or "not read". `depth` is the number of tunnels
    around it."""

    protocol: str
    offset: int
    length: int
    fields: tuple[Field, ...] = ()
    problem: str = ""
    depth: int = 0

    def get(self, name: str) -> str:
        """The value of the first field with that name, or ""."""
        return next((field.value for field in self.fields if field.name == name), "")


@dataclass(frozen=True, slots=True)
class Packet:
    """A frame. `length` is its bytes on the wire, `captured` the bytes that there were to read."""

    layers: tuple[Layer, ...]
    length: int
    captured: int

    @property
    def problem(self) -> str:
        """The problem of the first layer that has one, or ""."""
        return next((layer.problem for layer in self.layers if layer.problem), "")

    def find(self, *protocols: str, depth: int | None = None) -> Layer | None:
        """The outermost layer of one of these protocols; with a depth, only at that depth of tunnels."""
        return next(
            (one for one in self.layers if one.protocol in protocols and (depth is None or one.depth == depth)),
            None,
        )
