"""Faults on a whole installation. They take long: only `make test-faults` (EXPLORER_TEST_FAULTS) collects them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.faults.site import Site

collect_ignore_glob = [] if os.environ.get("EXPLORER_TEST_FAULTS") else ["test_*.py"]


def mount_small(image: Path, where: Path) -> None:
    """A file system that is full soon."""
    where.mkdir()
    subprocess.run(["truncate", "-s", "160M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, where], check=True)


@pytest.fixture(scope="session")
def site():
    """A running installation of its own. What is left of one test is not there for the next: each begins with `at_rest`."""
    place = Path(tempfile.mkdtemp(prefix="explorer-faults-"))
    place.chmod(0o755)  # web runs as somebody else and has its database here
    one = Site(place)
    mount_small(place / "state.img", one.state)
    try:
        one.start()
        one.warm_up()
        yield one
    finally:
        one.end()
        subprocess.run(["umount", "-l", one.state], check=False)
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_stays(request):
    """A test that failed leaves its sandbox; the next begins without."""
    yield
    site = request.getfixturevalue("site") if "site" in request.fixturenames else None
    if site and (site.wanted() or site.unfinished()):
        site.close_all()


@pytest.fixture
def told(request):
    """Keeps what the table says of a fault."""
    return lambda **row: request.node.user_properties.append(("fault", row))
