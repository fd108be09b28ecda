"""The place of these tests."""

from tests.passable import passable_path

__all__ = ["passable_path"]
