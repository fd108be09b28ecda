"""Files of a host's: looked at before they are opened, and only those of its own users."""

from __future__ import annotations

import os
import select

import pytest

from explorer.lab.inside.inner import open_looked_at, read_below, read_end_below
from tests.attacks import attack

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@attack(
    "a file of a host swapped for a link, a FIFO, a directory or a stranger's file",
    origin="daemon",
    expected="refused",
    held_by="no link followed, looked at before it is opened",
)
@pytest.mark.parametrize("read", [read_below, read_end_below])
def test_only_a_regular_file_of_a_user_of_the_hosts_is_read(tmp_path, read):
    told = tmp_path / "told"
    told.write_text("nameserver 127.0.0.11")
    assert read(os.getpid(), str(told), 100) == "", "root here is nobody of a host's"
    os.chown(told, 200_000, 200_000)
    assert read(os.getpid(), str(told), 100) == "nameserver 127.0.0.11"
    link = tmp_path / "link"
    link.symlink_to(told)
    assert read(os.getpid(), str(link), 100) == ""


@attack(
    "a FIFO or device that hangs whoever opens it", origin="daemon", expected="refused", held_by="looked at before it is opened"
)
def test_what_is_not_fit_is_never_opened(tmp_path):
    """Who waits at a FIFO's other end would notice that somebody opened it."""
    os.mkfifo(tmp_path / "fifo")
    os.chown(tmp_path / "fifo", 200_000, 200_000)
    writer = os.open(tmp_path / "fifo", os.O_RDWR | os.O_NONBLOCK)
    poll = select.poll()
    poll.register(writer, select.POLLERR | select.POLLHUP)
    assert read_below(os.getpid(), str(tmp_path / "fifo")) == ""
    assert not poll.poll(0)
    os.close(writer)
    with pytest.raises(OSError, match="not what it should be"):
        open_looked_at(os.getpid(), str(tmp_path / "fifo"), lambda seen: False)
