"""One target under atheris, led by the coverage of our code: python -m tests.fuzz.guided TARGET [libFuzzer's OPTION…]."""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped]  # not in .venv

with atheris.instrument_imports(include=["explorer"]):
    from tests.fuzz.targets import TARGETS, attempt

INSTRUMENTED = 5.0  # seconds for one input: counting costs time


def main() -> None:
    name, *options = sys.argv[1:]
    target = TARGETS[name]
    atheris.Setup([sys.argv[0], *options], lambda data: attempt(target, data, INSTRUMENTED))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
