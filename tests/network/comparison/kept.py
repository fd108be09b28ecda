"""The real output kept in the folder `seen`, as a column's work hears it."""

import json
from pathlib import Path

from explorer.network.comparison import Cell, Column, Transcript, find_variant
from explorer.network.comparison.read import read_cells
from explorer.network.comparison.scene import Heard, Scene
from tests.network.comparison.truths import TRUTHS

FOLDER = Path(__file__).with_name("seen")
VARIANTS = sorted(path.stem for path in FOLDER.glob("*.json"))


def heard(name):
    """(scene, answers) of a variant."""
    kept = json.loads((FOLDER / f"{name}.json").read_text())
    answers = {
        key: Heard(Transcript(where=where, command=command, status=status, output=text[:4096]), text, seconds)
        for key, (where, command, status, text, seconds) in kept["answers"].items()
    }
    return Scene.model_validate(kept["scene"] | {"variant": find_variant(name)}), answers


def column(name):
    """As it comes out: what was read, and for the host's part the truth."""
    scene, answers = heard(name)
    cells = {cell.row: cell for cell in read_cells(scene, answers)}
    for row, (mark, word) in TRUTHS[name].items():
        number = float(word) if word.isdigit() else 0.0
        cells.setdefault(row, Cell(row=row, mark=mark, word=word, number=number))
    return Column(variant=scene.variant, state="done", cells=tuple(cells.values()))
