"""What a link to a comparison says: which variants, in which order, and whether throughput is measured."""

from __future__ import annotations

from typing import Self
from urllib.parse import parse_qs, urlencode

from pydantic import Field, model_validator

from explorer.network.comparison.variants import LEAST, MOST, NoVariant, find_variants, ready_set
from explorer.network.drivers.compared import Variant
from explorer.network.engines import DEFAULT_ENGINE, is_engine
from explorer.network.model import Fact

QUERY_BYTES = 1000
_WORDS = {"columns", "set", "engine", "throughput"}


class BadSpec(Exception):
    """One sentence about what is wrong with the link or the form."""


class Spec(Fact):
    """`columns` are ids of variants, in the form that `find_variant` takes."""

    columns: tuple[str, ...] = Field(min_length=LEAST, max_length=MOST)
    throughput: bool = True

    @model_validator(mode="after")
    def _known(self) -> Self:
        try:
            find_variants(self.columns)
        except NoVariant as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def variants(self) -> tuple[Variant, ...]:
        return find_variants(self.columns)

    @property
    def title(self) -> str:
        return ", ".join(variant.title for variant in self.variants)


def from_query(query: str, engines: tuple[str, ...] = ()) -> Spec:
    """The spec of a link: `columns=bridge,host` or `set=published`; `engine=28` for columns that name no version;
    `throughput=0` for no throughput. `engines` are the versions of Docker Engine that are offered. Raises BadSpec."""
    if len(query) > QUERY_BYTES:
        raise BadSpec("This link is too long to be one of ours.")
    try:
        given = parse_qs(query, keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise BadSpec("This link says too much.") from error
    if strange := given.keys() - _WORDS:
        raise BadSpec(f"This link says {_short(min(strange))!r}, which a comparison knows nothing of.")
    return make_spec(
        [word for part in given.get("columns", []) for word in part.split(",") if word],
        given.get("set", [""])[-1],
        given.get("engine", [""])[-1],
        given.get("throughput", ["1"])[-1],
        engines,
    )


def make_spec(
    columns: list[str], ready: str = "", engine: str = "", throughput: str = "1", engines: tuple[str, ...] = ()
) -> Spec:
    if ready and columns:
        raise BadSpec("Choose a ready-made set or single columns, not both.")
    if engine and not is_engine(engine):
        raise BadSpec(f"{_short(engine)!r} is no version of Docker Engine; a version is a number such as {DEFAULT_ENGINE}.")
    if throughput not in ("0", "1"):
        raise BadSpec("Throughput is measured (1) or not (0).")
    try:
        words = list(ready_set(ready, engines).variants) if ready else columns
        if engine and engine != DEFAULT_ENGINE:
            words = [word if "@" in word else f"{word}@{engine}" for word in words]
        find_variants(words)
    except NoVariant as error:
        raise BadSpec(str(error)) from error
    return Spec(columns=tuple(words), throughput=throughput == "1")


def to_query(spec: Spec) -> str:
    """The parameters of a link. Equal specs have equal links."""
    words = {"columns": ",".join(spec.columns)} | ({} if spec.throughput else {"throughput": "0"})
    return urlencode(words, safe=",@")


def _short(word: str) -> str:
    return "".join(letter for letter in word[:40] if letter.isprintable())
