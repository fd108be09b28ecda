"""README, SECURITY and ARCHITECTURE are held against the code."""

import re
from pathlib import Path

from explorer import environment, settings

ROOT = Path(settings.BASE_DIR)


def test_readme_lists_every_setting_and_no_other():
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| [^|]*\| (.*) \|$", (ROOT / "README.md").read_text(), re.M))
    assert rows == environment.KNOWN


def test_tests_named_in_security_exist():
    for name in re.findall(r"`(tests/[\w/.]+)`", (ROOT / "SECURITY.md").read_text()):
        assert (ROOT / name).exists(), name


def test_every_border_in_security_names_its_tests():
    (table,) = re.findall(r"^\| what is protected .*\n((?:\|.*\n)+)", (ROOT / "SECURITY.md").read_text(), re.M)
    rows = [row.strip(" |").split(" | ") for row in table.splitlines()[1:]]
    assert len(rows) > 10
    for what, _, tests in rows:
        assert re.fullmatch(r"`tests/[\w/.]+`(, `tests/[\w/.]+`)*", tests), what


def test_places_named_in_the_architecture_exist():
    named = re.findall(r"`([\w./<>-]+/[\w./<>-]*|\w+\.py)`", (ROOT / "ARCHITECTURE.md").read_text())
    places = [name for name in named if not re.match(r"h1/|.*<", name)]
    assert len(places) > 30
    for name in places:
        assert (ROOT / name).exists() or (ROOT / "explorer" / name).exists(), name
