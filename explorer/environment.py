"""Typed readers for environment variables. A value that makes no sense stops the program with the variable's name and what
was expected.

Every reader registers its variable in `KNOWN`, so that a test can compare README's table with the settings that exist.
"""

from __future__ import annotations

import os
import re
import stat
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

KNOWN: dict[str, str] = {}
Seconds = TypeVar("Seconds", int, float)


class SettingError(SystemExit):
    """A setting makes no sense. The program stops; the person who starts it has to change the setting."""


def text(name: str, default: str, about: str) -> str:
    """The value of a variable. It may come from a file: NAME_FILE wins over NAME. Raises SettingError when the file cannot be
    read."""
    KNOWN[name] = about
    file = os.environ.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text().strip()
        except OSError as error:
            raise SettingError(f"{name}_FILE: cannot read it ({error.strerror})") from error
    return os.environ.get(name, default)


def number(name: str, default: int, about: str, least: int = 0, most: int = 1_000_000) -> int:
    raw = text(name, str(default), about)
    if not raw.isascii() or not raw.isdecimal() or not least <= int(raw) <= most:
        raise SettingError(f"{name}={raw!r}: expected a whole number from {least} to {most}")
    return int(raw)


def flag(name: str, default: bool, about: str) -> bool:
    raw = text(name, "1" if default else "0", about).lower()
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"", "0", "false", "no", "off"}:
        return False
    raise SettingError(f"{name}={raw!r}: expected 1 or 0")


def words(name: str, default: str, about: str) -> list[str]:
    return [word.strip() for word in text(name, default, about).split(",") if word.strip()]


ENGINE = re.compile(r"[1-9][0-9]{0,2}")  # a version of Docker Engine
SOURCE = re.compile(r"/\S.*|deb\s+(\[[^\]]*\]\s+)?[a-z+]+:/\S+\s+\S+(\s+\S+)*")


def engine_sources(name: str, about: str) -> dict[str, str]:
    """Version of Docker Engine → where its packages are: the path of a directory, or a line of apt's sources.list. The entries
    stand on lines of their own or have semicolons between them. Raises SettingError."""
    entries = [entry.strip() for line in text(name, "", about).splitlines() for entry in line.split(";")]
    found: dict[str, str] = {}
    for entry in entries:
        if not entry or entry.startswith("#"):
            continue
        engine, _, source = (part.strip() for part in entry.partition("="))
        if not ENGINE.fullmatch(engine) or not SOURCE.fullmatch(source):
            raise SettingError(
                f"{name}: {entry!r} makes no sense; expected VERSION=/DIRECTORY or VERSION=deb [signed-by=/KEY] URL SUITE "
                "COMPONENT, such as 29=/srv/docker-29; several stand on lines of their own or have a semicolon between them"
            )
        if engine in found:
            raise SettingError(f"{name}: version {engine} stands there twice")
        found[engine] = source
    return found


def engines(name: str, default: tuple[str, ...], known: tuple[str, ...], about: str) -> tuple[str, ...]:
    """One or more versions of Docker Engine, or `podman`, in the order given. `known` are those that can be had; empty where
    that is not known before. Raises SettingError for any other value."""
    chosen = tuple(dict.fromkeys(words(name, ",".join(default), about)))
    if not chosen or not all(ENGINE.fullmatch(engine) or engine == "podman" for engine in chosen):
        raise SettingError(f"{name}={','.join(chosen)!r}: expected versions of Docker Engine, such as 26,28, or podman")
    if known and (strange := [engine for engine in chosen if engine not in known]):
        raise SettingError(
            f"{name}: nothing says where Docker Engine {strange[0]} comes from; there are {', '.join(known)}. "
            f"Name its packages in EXPLORER_ENGINE_SOURCES, such as {strange[0]}=/srv/docker-{strange[0]}"
        )
    return chosen


ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?")
USUAL_PORT = re.compile(r"http:.*:80|https:.*:443")


def origins(name: str, about: str) -> list[str]:
    """Exact origins of sites, as a browser names them: scheme, host, and the port unless it is the scheme's usual one. Raises
    SettingError."""
    found = words(name, "", about)
    for one in found:
        if not ORIGIN.fullmatch(one) or USUAL_PORT.fullmatch(one):
            raise SettingError(
                f"{name}: {one!r} is no exact origin; expected such as https://docs.example.org or http://localhost:3000, in "
                "lower case, without path, wildcard or usual port; several are separated by commas"
            )
    return list(dict.fromkeys(found))


def networks(name: str, about: str) -> list[str]:
    """Addresses and networks, separated by commas. Raises SettingError."""
    found = words(name, "", about)
    for one in found:
        try:
            ip_network(one)
        except ValueError:
            raise SettingError(f"{name}: {one!r} is no address or network; expected such as 10.0.0.5 or 10.0.0.0/24") from None
    return found


def path(name: str, default: Path, about: str) -> Path:
    return Path(text(name, str(default), about)).absolute()


def passable(place: Path) -> bool:
    """Whether every user may pass through the directories above a path, as far as they exist, and through the path."""
    found = [one.stat() for one in (place, *place.parents) if one.exists()]
    return all(one.st_mode & stat.S_IXOTH for one in found)


PATIENCE = number("EXPLORER_PATIENCE", 1, "how many times longer than usual anything may take, for slow machines", 1, 100)


def patient(seconds: Seconds) -> Seconds:
    """A time limit for this machine: `seconds` are for an ordinary machine and are multiplied by EXPLORER_PATIENCE."""
    return seconds * PATIENCE
