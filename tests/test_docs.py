"""README and SECURITY are held against the code."""

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
