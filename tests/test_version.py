"""The version is said in one place for people and in one for tools."""

import tomllib

from django.conf import settings

from explorer import __version__


def test_they_are_the_same():
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
