"""The names of images, as Docker writes them: `nginx`, `nginx:1.27`, `library/nginx`."""

from __future__ import annotations

import re

LONGEST = 100
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)


def split(reference: str) -> tuple[str, str]:
    """(name, tag); without a tag it is `latest`. Raises ValueError."""
    name, colon, tag = reference.rpartition(":")
    name, tag = (name, tag) if colon else (reference, "latest")
    if len(name) > LONGEST or not _NAME.fullmatch(name) or not _TAG.fullmatch(tag):
        raise ValueError(f"{reference[:120]!r}: small letters, digits and . _ - /, then perhaps :TAG")
    return name, tag


def whole(reference: str) -> str:
    """The name with its tag. Raises ValueError."""
    return ":".join(split(reference))
