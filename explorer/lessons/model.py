"""A lesson as data. A folder `content/<slug>/` holds `lesson.toml` and one Markdown file per step.

Commands a learner can click are fenced blocks in the Markdown whose info string is `run PLACE` (`run h1`, `run h1/web`,
`run outside`). `lesson solve` plays those, in order, then the step's `solution`.

Every text field is Markdown as its author wrote it; the field ending in `html` beside it is the same, sanitised, made by
`load`. Show the `html` one.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from explorer.network.drivers import DRIVERS
from explorer.network.model import Road


def _known(driver: str) -> str:
    if driver not in DRIVERS:
        raise ValueError(f"there is no driver {driver!r}; there are {', '.join(DRIVERS)}")
    return driver


Slug = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(Data):
    """A named predicate over a snapshot and its arguments; the names are those of `checks.PREDICATES`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str
    args: dict[str, Any] = Field(default_factory=dict)


class Check(Data):
    id: str = Slug
    text: str
    html: str = ""
    when: Condition
    given: bool = False  # may be true before the step's commands (then solving does not insist on red first)


class Option(Data):
    id: str = Slug
    text: str
    html: str = ""
    when: Condition  # the machine's answer: this option is the true one once this holds


class Prediction(Data):
    id: str = Slug
    question: str
    html: str = ""  # of the question
    after: Condition | None = None  # the machine answers once this holds: what was asked about has been done
    options: tuple[Option, ...] = Field(min_length=2, max_length=5)
    explain: str  # shown once the machine has answered
    explain_html: str = ""


class Hint(Data):
    text: str  # one or two sentences
    html: str = ""
    when: Condition


class Command(Data):
    place: str
    command: str


class Measurement(Data):
    """Roads to be measured once the learner has predicted and `when` holds; the figures are kept as long as it does."""

    id: str = Slug
    title: str
    when: Condition
    roads: tuple[Road, ...] = Field(min_length=2, max_length=5)


class Step(Data):
    id: str = Slug
    title: str = Field(min_length=1, max_length=120)
    file: str
    checks: tuple[Check, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    hints: tuple[Hint, ...] = ()
    measures: tuple[Measurement, ...] = ()
    solution: tuple[Command, ...] = ()  # for challenges: never shown, only solved
    challenge: bool = False
    summary: bool = False  # the closing card, made from this sandbox's own facts
    # filled by `load`:
    html: str = ""  # sanitised; clickable commands are <button class="run" data-place data-command>
    commands: tuple[Command, ...] = ()  # the fenced `run` blocks, in order


class Lesson(Data):
    slug: str = Slug
    title: str = Field(min_length=1, max_length=120)
    driver: Annotated[str, AfterValidator(_known)]  # the name of a package in network/drivers
    summary: str = Field(max_length=1000)
    promise: str = Field(max_length=200)  # one line for the home page's card
    minutes: int = Field(ge=1, le=60)
    scenario: str
    order: int = 100
    steps: tuple[Step, ...] = Field(min_length=1, max_length=60)
    scripts: dict[str, str] = Field(default_factory=dict)  # filled by `load`: the text of each *.sh file, by its name
