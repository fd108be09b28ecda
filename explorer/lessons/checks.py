"""Whether a step is done, by what is there: named predicates over a snapshot, put together with all, any and not.

`PREDICATES` holds every question with its checked arguments. `evaluate` gives a step's verdict on a snapshot; it never raises,
whatever a host said. `probes` names what only a packet can answer, and only where the answer would matter now.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from explorer.lessons import predicates
from explorer.lessons.model import Condition, Measurement, Prediction, Step
from explorer.network.model import Probe, Script, Snapshot
from explorer.network.world import World

HINTS_SHOWN = 2
DEPTH = 8  # how deep all, any and not may be nested


class Verdict(BaseModel):
    """`passed`: ids of checks that hold now. `hints`: sanitised HTML, most fitting first. `outcomes`: prediction → option."""

    model_config = ConfigDict(frozen=True)
    passed: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    outcomes: dict[str, str] = {}
    done: bool = False


@dataclass(frozen=True, slots=True)
class Predicate:
    name: str
    ask: Callable[..., bool]
    arguments: type[BaseModel]
    located: tuple[str, ...]  # the arguments that name a place

    @property
    def about(self) -> str:
        return inspect.getdoc(self.ask) or ""


def predicate(ask: Callable[..., bool]) -> Predicate:
    """A function `ask(world, *, name: type = default, …)` with its arguments as a model that refuses anything else."""
    hints = get_type_hints(ask, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is inspect.Parameter.empty else parameter.default)
        for name, parameter in inspect.signature(ask).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    arguments = create_model(ask.__name__, __config__=ConfigDict(extra="forbid", strict=True, frozen=True), **fields)
    return Predicate(ask.__name__, ask, arguments, tuple(name for name in fields if hints[name] is predicates.Who))


PREDICATES: dict[str, Predicate] = {ask.__name__: predicate(ask) for ask in predicates.QUESTIONS}
COMBINATORS = ("all", "any", "not")


def parts(condition: Condition) -> list[Condition]:
    """The conditions an all, any or not is made of."""
    return [part if isinstance(part, Condition) else Condition.model_validate(part) for part in condition.args["of"]]


def holds(condition: Condition, world: World) -> bool:
    if condition.kind == "all":
        return all(holds(part, world) for part in parts(condition))
    if condition.kind == "any":
        return any(holds(part, world) for part in parts(condition))
    if condition.kind == "not":
        return not any(holds(part, world) for part in parts(condition))
    return PREDICATES[condition.kind].ask(world, **condition.args)


def evaluate(step: Step, snapshot: Snapshot, predictions: Mapping[str, str] | None = None) -> Verdict:
    """The verdict on a step. `predictions` is what the learner chose: the machine answers no question before the learner did.
    What it answers does not depend on the choice; None asks for every answer."""
    world = World(snapshot)
    passed = tuple(check.id for check in step.checks if holds(check.when, world))
    asked = [one for one in step.predictions if predictions is None or one.id in predictions]
    outcomes = {prediction.id: true for prediction in asked if (true := outcome(prediction, world))}
    done = len(passed) == len(step.checks)
    hints = () if done else tuple(hint.html or hint.text for hint in step.hints if holds(hint.when, world))[:HINTS_SHOWN]
    return Verdict(passed=passed, hints=hints, outcomes=outcomes, done=done)


def outcome(prediction: Prediction, world: World) -> str:
    """The option that proved true: none before the thing was tried, and none when two would hold."""
    if prediction.after is not None and not holds(prediction.after, world):
        return ""
    true = [option.id for option in prediction.options if holds(option.when, world)]
    return true[0] if len(true) == 1 else ""


def probes(
    step: Step,
    snapshot: Snapshot | None = None,
    predictions: Mapping[str, str] | None = None,
    settled: Collection[str] = (),
) -> list[Probe]:
    """What to try for this step. With a snapshot: only what would decide something now (the rest of its `all` holds).

    `predictions` as for `evaluate`; `settled` are ids of checks and predictions that need no further answer. Results of probes
    that are no longer asked for should be dropped, so that an answer is never older than its question.
    """
    world = World(snapshot) if snapshot is not None else None
    open_conditions = [check.when for check in step.checks if check.id not in settled]
    open_conditions += [hint.when for hint in step.hints]
    for prediction in step.predictions:
        if prediction.id not in settled and (predictions is None or prediction.id in predictions):
            open_conditions += answers(prediction, world)
    found = [probe for condition in open_conditions for probe in wanted(condition, world)]
    return list({probe.key: probe for probe in found}.values())


def scripts(step: Step, snapshot: Snapshot, settled: Collection[str] = ()) -> list[Script]:
    """What to run for the checks that are not `settled`, and only where the answer would matter now."""
    world = World(snapshot)
    waiting = [check.when for check in step.checks if check.id not in settled]
    found = [Script(place=args.get("place", "h1"), file=args["file"]) for args in named("script", waiting, world)]
    return list({one.key: one for one in found}.values())


def measurements(step: Step, snapshot: Snapshot, predictions: Mapping[str, str] | None = None) -> list[Measurement]:
    """What to measure for this step, once the learner has predicted. Figures are kept while they are asked for: those of a
    container that has gone must not stand for the one that comes next."""
    if predictions is not None and any(asked.id not in predictions for asked in step.predictions):
        return []
    world = World(snapshot)
    return [one for one in step.measures if holds(one.when, world)]


def answers(prediction: Prediction, world: World | None) -> list[Condition]:
    """What has to be known to answer it: first whether the thing was tried, then which option is true."""
    options = [option.when for option in prediction.options]
    if prediction.after is None:
        return options
    if world is not None and not holds(prediction.after, world):
        return [prediction.after]
    return [prediction.after, *options]


def wanted(condition: Condition, world: World | None) -> Iterator[Probe]:
    for args in named("probe", [condition], world):
        yield predicates.asked(**{name: args[name] for name in ("source", "target", "kind", "port") if name in args})


def named(kind: str, conditions: Iterable[Condition], world: World | None) -> Iterator[dict[str, Any]]:
    """The arguments of every question of this kind, where its answer would decide something."""
    for condition in conditions:
        if condition.kind == kind:
            yield condition.args
        for part in parts(condition) if condition.kind in COMBINATORS else ():
            yield from named(kind, [part], world)
            if condition.kind == "all" and world is not None and part.kind != kind and not holds(part, world):
                break
