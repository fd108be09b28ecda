"""A lesson as data. A folder `content/<slug>/` holds `lesson.toml` and one Markdown file per step.

Commands that a learner can click are fenced blocks in the Markdown whose info string is `run PLACE` (`run h1`, `run h1/web`,
`run outside`). `lesson solve` runs these in order and then the step's `solution`.

Every text field is Markdown as its author wrote it. `load` fills the field beside it whose name ends in `html` with sanitised
HTML. Pages show the `html` field.

A step's text has parts. A part that begins with `!!! after PREDICTION` is sent to a learner only when this question of the
step is settled: the learner has answered it, and the machine has answered it. A part `!!! after done` is sent when every check
of the step has passed once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from explorer.network.drivers import DRIVERS
from explorer.network.image_names import whole
from explorer.network.model import Road
from explorer.network.scenario import StartWeather
from explorer.network.weather import ENDS


def _known(driver: str) -> str:
    if driver not in DRIVERS:
        raise ValueError(f"there is no driver {driver!r}; there are {', '.join(DRIVERS)}")
    return driver


Slug = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(Data):
    """A named predicate over a snapshot, with its arguments; the names are those of `checks.PREDICATES` and all, any, not."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str
    args: dict[str, Any] = Field(default_factory=dict)


class Check(Data):
    id: str = Slug
    text: str  # what to look at, without what will be found
    html: str = ""
    done: str = ""  # the finding; it replaces `text` once the check has passed
    done_html: str = ""
    when: Condition
    given: bool = False  # may hold before the step's commands (then `lesson solve` does not require that it fails first)


class Option(Data):
    id: str = Slug
    text: str
    html: str = ""
    when: Condition  # this option is the true one once this condition holds
    explain: str = ""  # shown when this option proved true, in place of the question's own `explain`
    explain_html: str = ""
    feedback: str = ""  # why this belief fails here: shown to who chose this option, when another one proved true
    feedback_html: str = ""


class Prediction(Data):
    id: str = Slug
    question: str
    html: str = ""  # the question as HTML
    after: Condition | None = None  # the question is answered once this holds: the thing was tried
    options: tuple[Option, ...] = Field(min_length=2, max_length=5)
    explain: str = ""  # shown once the question is settled, whatever the answer was
    explain_html: str = ""


class Hint(Data):
    """What helps while `when` holds. In a challenge a learner asks for a hint: first for `where` to look, then for the `tool`,
    then for `text`, which may name the command. In other steps `text` is shown by itself, and the two others are not shown."""

    text: str  # one or two sentences
    html: str = ""
    where: str = ""
    where_html: str = ""
    tool: str = ""
    tool_html: str = ""
    when: Condition

    @property
    def levels(self) -> tuple[str, ...]:
        """HTML, the least that helps first."""
        return tuple(one for one in (self.where_html, self.tool_html, self.html or self.text) if one)


class Command(Data):
    place: str
    command: str


LEVELS = 3  # of a hint: where to look, which tool, the command
DONE = "done"  # what a part comes after, beside the ids of questions: every check of the step has passed


class Part(Data):
    """A part of a step's text: sanitised HTML, in which clickable commands are <button class="run" data-place data-command>.
    `after` is the id of the question that has to be settled before the part is sent, or `done`; "" for what is sent at once."""

    html: str
    after: str = ""
    commands: tuple[Command, ...] = ()  # the fenced `run` blocks, in order


class Measurement(Data):
    """Roads (paths) that are measured once the learner has predicted and `when` holds. The figures are kept as long as `when`
    holds."""

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
    solution: tuple[Command, ...] = ()  # for challenges: `lesson solve` runs it; learners do not see it
    challenge: bool = False
    summary: bool = False  # the closing card, made from this sandbox's own facts
    # filled by `load`:
    parts: tuple[Part, ...] = ()

    def found(self, passed: Collection[str]) -> dict[str, str]:
        """{id: what was found, as HTML} of the passed checks that tell it."""
        return {check.id: check.done_html for check in self.checks if check.done_html and check.id in passed}

    @property
    def commands(self) -> tuple[Command, ...]:
        """The clickable commands of all parts, in order."""
        return tuple(command for part in self.parts for command in part.commands)


class Lesson(Data):
    slug: str = Slug
    title: str = Field(min_length=1, max_length=120)
    driver: Annotated[str, AfterValidator(_known)]  # the name of a package in network/drivers
    summary: str = Field(max_length=1000)
    promise: str = Field(max_length=200)  # one line for the home page's card
    minutes: int = Field(ge=1, le=60)
    scenario: str
    order: int = 100
    weather: tuple[StartWeather, ...] = Field(default=(), max_length=ENDS)  # of links, beside the scenario's
    images: tuple[Annotated[str, AfterValidator(whole)], ...] = Field(default=(), max_length=20)  # beside `box`
    steps: tuple[Step, ...] = Field(min_length=1, max_length=60)
    scripts: dict[str, str] = Field(default_factory=dict)  # filled by `load`: the text of each *.sh file, by its name
