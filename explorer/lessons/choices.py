"""“Which one would you choose?”: cases to decide, and reasons for every choice; each reason refers to a row of a comparison.

A reason names the result that it expects, so it can be compared with the learner's own comparison. The text is in
`choices.toml`; an error in it stops the start with a sentence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, ValidationError, model_validator

from explorer.lessons.model import Data, Slug
from explorer.network.comparison import ROWS_BY_KEY, Cell, Column, Row, all_variants
from explorer.network.comparison.answers import agrees

FILE = Path(__file__).with_name("choices.toml")
Verdict = Literal["best", "works", "no"]
VERDICTS: dict[Verdict, str] = {"best": "Fits best", "works": "Would do", "no": "Does not do it"}


class BadCases(Exception):
    """One sentence that names the file and what is wrong in it."""


class Reason(Data):
    """One reason. `expect` is the word of the cell, or the answer to the row's question: yes, no, the host's and so on."""

    row: str
    expect: str = Field(min_length=1, max_length=40)
    text: str = Field(min_length=1, max_length=300)

    @model_validator(mode="after")
    def _known(self) -> Reason:
        if self.row not in ROWS_BY_KEY:
            raise ValueError(f"the table has no row {self.row!r}")
        return self


class Choice(Data):
    variant: str
    verdict: Verdict
    reasons: tuple[Reason, ...] = Field(min_length=1, max_length=5)

    @model_validator(mode="after")
    def _known(self) -> Choice:
        if self.variant not in all_variants():
            raise ValueError(f"there is no variant {self.variant!r}")
        return self

    @property
    def title(self) -> str:
        return all_variants()[self.variant].title


class Case(Data):
    id: str = Slug
    title: str = Field(max_length=80)
    story: str = Field(max_length=600)
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=4)

    @model_validator(mode="after")
    def _decided(self) -> Case:
        if sum(choice.verdict == "best" for choice in self.choices) != 1:
            raise ValueError(f"case {self.id}: one choice fits best, not more and not less")
        if len({choice.variant for choice in self.choices}) != len(self.choices):
            raise ValueError(f"case {self.id}: a choice stands twice")
        return self

    @property
    def best(self) -> Choice:
        return next(choice for choice in self.choices if choice.verdict == "best")

    @property
    def variants(self) -> str:
        """The choices in the form that a link to a comparison takes."""
        return ",".join(choice.variant for choice in self.choices)


class Held(NamedTuple):
    """A reason with its measured cell. `agrees` is None where nothing was measured."""

    reason: Reason
    row: Row
    cell: Cell | None
    agrees: bool | None


class Weighed(NamedTuple):
    """A choice with its reasons compared with a column; `column` is None when nothing was measured."""

    choice: Choice
    verdict: str
    column: Column | None
    held: tuple[Held, ...]


@cache
def load_cases() -> dict[str, Case]:
    return read_cases(FILE)


def read_cases(path: Path) -> dict[str, Case]:
    """The cases by id. Raises BadCases."""
    try:
        told = tomllib.loads(path.read_text())
        cases = [Case.model_validate(one) for one in told.get("cases", ())]
    except tomllib.TOMLDecodeError as error:
        raise BadCases(f"{path.name}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise BadCases(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if len({case.id for case in cases}) != len(cases):
        raise BadCases(f"{path.name}: two cases have the same id")
    return {case.id: case for case in cases}


def weigh(case: Case, columns: Iterable[Column]) -> list[Weighed]:
    """Each choice with the learner's own column of the same variant, whatever version of Docker Engine that column had."""
    by_variant: dict[str, Column] = {}
    for column in columns:
        by_variant.setdefault(column.variant.id.partition("@")[0], column)
    return [_weighed(choice, by_variant.get(choice.variant)) for choice in case.choices]


def _weighed(choice: Choice, column: Column | None) -> Weighed:
    held = []
    for reason in choice.reasons:
        cell = column.cell(reason.row) if column else None
        held.append(Held(reason, ROWS_BY_KEY[reason.row], cell, agrees(cell, reason.expect)))
    return Weighed(choice, VERDICTS[choice.verdict], column, tuple(held))
