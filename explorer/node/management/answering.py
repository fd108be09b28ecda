"""How the operator's commands answer: one JSON object or a text on standard output; everything else goes to standard error."""

from __future__ import annotations

import json
import sys
from typing import NoReturn

from explorer.plain import plain


def progress(line: str) -> None:
    print(plain(line), file=sys.stderr, flush=True)


def fail(sentence: str, code: str, *, as_json: bool) -> NoReturn:
    """Ends the command with exit status 1. `code` is a word that programs can rely on."""
    if as_json:
        print(json.dumps({"error": sentence, "code": code}))
    progress(sentence)
    sys.exit(1)
