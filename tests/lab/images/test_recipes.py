"""What an image is made of, and how it is run."""

from __future__ import annotations

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.images import recipes


@pytest.fixture
def config(tmp_path):
    return LabConfig("units", "node", tmp_path, tmp_path, tmp_path, engines=("26", "28"))


@pytest.mark.parametrize(
    ("name", "command"), [("host", "host-start"), ("host28", "host-start"), ("machine", "machine-start"), ("box", "web")]
)
def test_an_image_has_a_first_program(config, name, command):
    made = recipes.recipe(config, name)
    assert f'CMD ["{command}"]' in made.changes
    assert all(script in ("box", "stand-in") for script in made.scripts)
