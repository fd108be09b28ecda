"""The directories and the lock of one installation, and what a killed supervisor left behind."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


class LaunchError(Exception):
    """One sentence for the person who started the program. `tail` holds the last log lines of the part that it is about."""

    def __init__(self, sentence: str, tail: str = "") -> None:
        super().__init__(sentence)
        self.tail = tail


def lock(run_dir: Path) -> int:
    """The lock of the installation: it is held as long as the returned descriptor is open. Raises LaunchError when another
    process holds it."""
    try:
        run_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        held = os.open(run_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise LaunchError(f"cannot make {run_dir} ({error.strerror}); choose another place with EXPLORER_RUN") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(held).st_ino != run_dir.stat().st_ino:
            raise BlockingIOError
    except OSError as error:
        os.close(held)
        raise LaunchError(
            "this installation is running already; stop it with Ctrl-C where it was started, "
            "or run a second one beside it with EXPLORER_INSTALL=another EXPLORER_STATE=another/place PORT=8001"
        ) from error
    os.chmod(run_dir, 0o711)  # noqa: S103 - others may pass, to the sockets that are theirs
    return held


def make_directories(state_dir: Path, logs: Path, static: Path) -> None:
    """Makes the directories of the state. Only root writes there: the database has a directory of its own."""
    state_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
    if os.geteuid() == 0:  # an earlier version let the web's user make files here
        os.chown(state_dir, 0, 0)
        os.chmod(state_dir, 0o755)  # noqa: S103
    logs.mkdir(mode=0o750, exist_ok=True)
    static.mkdir(mode=0o755, exist_ok=True)


def publish_socket(made: Path, public: Path, owner: int) -> bool:
    """Gives a socket a second name in a directory where only root writes. Whoever owns the directory of `made` cannot put
    anything else behind the second name. False when there is no socket of `owner` at `made`.
    """
    fresh = public.with_name(f"{public.name}.new")
    try:
        held = os.open(made, os.O_PATH | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        found = os.fstat(held)
        if not stat.S_ISSOCK(found.st_mode) or found.st_uid != owner:
            return False
        fresh.unlink(missing_ok=True)
        os.link(f"/proc/self/fd/{held}", fresh, src_dir_fd=held, follow_symlinks=True)  # with src_dir_fd Python really follows
        fresh.replace(public)
    except OSError:  # it was deleted meanwhile
        return False
    finally:
        os.close(held)
        fresh.unlink(missing_ok=True)  # rename does nothing between two names of one file
    return True


def own_secret(state_dir: Path) -> str:
    """This installation's own signing key. It is made at the first start and kept, because everybody knows the development
    key."""
    file = state_dir / "secret-key"
    with contextlib.suppress(FileExistsError), open(file, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        out.write(secrets.token_urlsafe(48))
    return file.read_text().strip()


def remove(run_dir: Path) -> None:
    shutil.rmtree(run_dir, ignore_errors=True)
    with contextlib.suppress(OSError):
        run_dir.parent.rmdir()  # succeeds only when no other installation has files there


NAMESPACES = Path("/run/netns")
# made by ip, containerd and dockerd, innermost first
HOLLOW = (str(NAMESPACES), "/run/containerd/s", "/run/containerd", "/run/docker/plugins", "/run/docker")


def namespaces_mounted() -> bool:
    """Whether /run/netns is a mount point. It is mounted over itself, on the same device, so only the mount table shows it."""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return True
    return any(line.split()[4] == str(NAMESPACES) for line in lines)


@dataclass(frozen=True, slots=True)
class Before:
    """Which directories existed before the start. The tools that the parts use leave some on any machine; `fold` removes
    those that did not exist before and are empty."""

    namespaces: bool  # the first `ip netns` mounts its directory over itself and leaves the mount
    directories: frozenset[str]

    @classmethod
    def look(cls) -> Before:
        return cls(namespaces_mounted(), frozenset(path for path in HOLLOW if os.path.isdir(path)))

    def fold(self) -> None:
        if not self.namespaces and namespaces_mounted() and not any(NAMESPACES.iterdir()):
            subprocess.run(["umount", str(NAMESPACES)], check=False, capture_output=True)
        for path in HOLLOW:
            if path not in self.directories:
                with contextlib.suppress(OSError):
                    os.rmdir(path)


# --- what a killed supervisor left ---


def born(pid: int) -> str:
    """The start time of a process, so that another process with a reused pid is not mistaken for it; "" when the process is
    gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def remember(run_dir: Path, pids: dict[str, int]) -> None:
    written = {name: [pid, born(pid)] for name, pid in pids.items()}
    (run_dir / "parts.json").write_text(json.dumps(written))


def end_leftovers(run_dir: Path, patience: float = 30) -> list[str]:
    """Waits for the parts of a killed supervisor, the last started first, and kills those that stay. The kernel sent them a
    SIGTERM when the supervisor died."""
    try:
        written: dict[str, list[object]] = json.loads((run_dir / "parts.json").read_text())
        left = [(name, int(str(pid)), str(birth)) for name, (pid, birth) in written.items()]
    except (OSError, ValueError, TypeError, AttributeError):
        return []
    ended = []
    for name, pid, birth in reversed(left):
        if birth and born(pid) == birth:
            ended.append(name)
            _end(pid, birth, patience)
    return ended


def _end(pid: int, birth: str, patience: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + patience
        while born(pid) == birth and time.monotonic() < until:
            time.sleep(0.05)
        if born(pid) == birth:
            os.killpg(pid, signal.SIGKILL)
