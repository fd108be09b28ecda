"""Checks the conditions that authors write and turns them into the full form.

`{ container_running = { name = "web" } }` is one question. A list of conditions means all of them. `any` and `not` take one
condition or a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from pydantic import ValidationError

from explorer.lessons.checks import COMBINATORS, DEPTH, PREDICATES, Predicate
from explorer.lessons.model import Command, Condition
from explorer.network.scenario import Scenario

Path = tuple[str | int, ...]
Complain = Callable[[Path, str, str], Exception]  # place in the file, what is wrong, the word that it is about


class Reach:
    """What a lesson may name: the hosts and machines of its scenario, the containers that its own commands start, and its
    scripts."""

    def __init__(self, scenario: Scenario, names: set[str], scripts: Collection[str] = ()) -> None:
        self.scenario = scenario
        self.scripts = scripts
        self.names = names | {container.name for container in scenario.containers}

    def __str__(self) -> str:
        first = self.scenario.hosts[0]
        return (
            f"this scenario has {', '.join((*self.scenario.hosts, *self.scenario.machines))}, and {first}/NAME for a container"
        )

    def knows(self, who: str) -> bool:
        """Whether a condition may name `who`."""
        host, slash, name = who.partition("/")
        if slash:
            return host in (*self.scenario.hosts, "*") and bool(name)
        return bool(
            who in (*self.scenario.hosts, *self.scenario.machines, *self.names, "*", "localhost")
            or re.fullmatch(r"[0-9][0-9.*]*|[0-9a-f]*:[0-9a-f:*]*", who)
        )

    def problem(self, command: Command) -> str:
        """Why a command cannot run in its place; "" when it can."""
        host, slash, name = command.place.partition("/")
        if host not in self.scenario.hosts and (slash or host not in self.scenario.machines):
            return f"unknown place {command.place!r}; {self}"
        if slash and name not in self.names:
            return f"no command of this lesson starts a container {name!r} (docker run --name {name} …)"
        return ""


class ConditionParser:
    """Reads the conditions of one lesson."""

    def __init__(self, reach: Reach, complain: Complain) -> None:
        self.reach = reach
        self.complain = complain

    def read_all(self, data: dict[str, Any]) -> None:
        """Replaces every short form by the full form."""
        for number, step in enumerate(tables(data.get("steps"))):
            here: Path = ("steps", number)
            for kind in ("checks", "hints", "measures"):
                for index, one in enumerate(tables(step.get(kind))):
                    self.replace(one, "when", (*here, kind, index))
            for index, measure in enumerate(tables(step.get("measures"))):
                for end in ("source", "target", "at"):
                    for road in tables(measure.get("roads")):
                        self.check_road(road.get(end), (*here, "measures", index))
            for index, prediction in enumerate(tables(step.get("predictions"))):
                place = (*here, "predictions", index)
                self.replace(prediction, "after", place)
                for option_index, option in enumerate(tables(prediction.get("options"))):
                    self.replace(option, "when", (*place, "options", option_index))

    def check_road(self, place: Any, path: Path) -> None:
        if isinstance(place, str) and ("*" in place or not self.reach.knows(place)):
            raise self.complain(path, f"a road cannot be measured to or from {place!r}; {self.reach}", place)

    def replace(self, table: dict[str, Any], key: str, path: Path) -> None:
        if key in table:
            table[key] = self.read(table[key], (*path, key), DEPTH)

    def read(self, given: Any, path: Path, depth: int) -> Condition:
        if depth == 0:
            raise self.complain(path, f"conditions nested deeper than {DEPTH}; say it in fewer words", "")
        if isinstance(given, list):
            return self.several("all", given, path, depth)
        if not isinstance(given, dict) or len(given) != 1:
            what = 'a condition looks like { container_running = { name = "web" } }, or a list of such'
            raise self.complain(path, what, "")
        [(name, args)] = given.items()
        if name in COMBINATORS:
            return self.several(name, args if isinstance(args, list) else [args], path, depth)
        return self.question(name, args, path)

    def several(self, kind: str, given: list[Any], path: Path, depth: int) -> Condition:
        if not given:
            raise self.complain(path, "an empty list of conditions; name at least one", "")
        return Condition(kind=kind, args={"of": [self.read(one, path, depth - 1) for one in given]})

    def question(self, name: str, args: Any, path: Path) -> Condition:
        if name not in PREDICATES:
            known = ", ".join((*sorted(PREDICATES), *COMBINATORS))
            raise self.complain(path, f"unknown predicate {name!r}; known: {known}", name)
        if not isinstance(args, dict):
            raise self.complain(path, f"{name} needs its arguments as a table: {{ {name} = {{ … }} }}", name)
        predicate = PREDICATES[name]
        try:
            predicate.arguments.model_validate(args)
        except ValidationError as error:
            raise self.bad_argument(predicate, args, path, error) from None
        for argument in predicate.located:
            if args.get(argument) and not self.reach.knows(args[argument]):
                what = f"{name}: {argument} {args[argument]!r} is no place; {self.reach}"
                raise self.complain(path, what, args[argument])
        if problem := self.script_problem(name, args, path):
            raise self.complain(path, problem, str(args["file"]))
        return Condition(kind=name, args=dict(args))

    def script_problem(self, name: str, args: dict[str, Any], path: Path) -> str:
        """What is wrong with the script that a check names; "" when nothing is wrong."""
        if name != "script":
            return ""
        if "checks" not in path:
            return "only a check may ask a script; say it with another predicate here"
        if args["file"] not in self.reach.scripts:
            known = ", ".join(sorted(self.reach.scripts)) or "none"
            return f"no script {args['file']!r} in this folder; there: {known}"
        host = args.get("place", self.reach.scenario.hosts[0])
        if host not in self.reach.scenario.hosts:
            return f"a script runs on a host, and {host!r} is none; this scenario has {', '.join(self.reach.scenario.hosts)}"
        return ""

    def bad_argument(self, predicate: Predicate, args: dict[str, Any], path: Path, error: ValidationError) -> Exception:
        first = error.errors()[0]
        argument = str(first["loc"][-1])
        problem = {"extra_forbidden": "is unknown", "missing": "is missing"}.get(first["type"], f": {first['msg']}")
        takes = ", ".join(predicate.arguments.model_fields)
        what = f"{predicate.name}: argument {argument!r} {problem}; it takes: {takes}"
        return self.complain(path, what, argument if argument in args else predicate.name)


def tables(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
