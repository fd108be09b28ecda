"""Makes root file systems with mmdebstrap.

The same packages make the same bytes: no file in a root file system is newer than MADE, our own files are added in the order
of their names, and no file has an owner or a mode of the machine that builds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError
from explorer.lab.images.names import MADE, base_key, ready_made, tar
from explorer.lab.images.packages import AWAY, ENGINE_PACKAGES, check_built, explain, prepare
from explorer.lab.images.recipes import engine_of_image, recipe

Say = Callable[[str], None]
BUILD_SECONDS = patient(900)
ROOM_BYTES = 1200 * 2**20  # the packages, what is unpacked from them, and the tar of that
KEPT_OLD = 2  # tars of earlier inputs that are kept per image, for a change back to an earlier version
EXCLUDED = [f"/usr/share/{part}/*" for part in ("doc", "man", "locale", "info", "lintian", "bug")]
UNUSED = (
    "usr/bin/ctr usr/bin/containerd-shim usr/bin/containerd-shim-runc-v1 var/cache/apt/*.bin var/lib/apt/lists/* var/log/*.log"
)


def build_images(config: LabConfig, names: Sequence[str], say: Say, stop: Callable[[], bool] = lambda: False) -> None:
    """Builds those of `names` that the cache lacks, two at a time. Two builders of one image on a machine wait for each
    other. Raises NodeError."""
    config.cache_dir.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=2) as pool:
        for done in [pool.submit(_ensure, config, name, say, stop) for name in names]:
            done.result()


def _ensure(config: LabConfig, name: str, say: Say, stop: Callable[[], bool]) -> None:
    target = tar(config, name)
    if ready_made(config, name) and not target.exists():
        raise NodeError(f"The image {name} is not among the ready-made ones.", str(target))
    if target.exists():
        return
    with _alone(config, name, stop):
        if not target.exists():
            started = time.monotonic()
            made = recipe(config, name)
            of = f"packages of Debian's {made.suite}" + (f" and of {made.source.where}" if made.source else "")
            say(f"building image {name} from {len(made.packages)} {of}")
            _build(config, name, target, stop)
            _forget_old(config, name)
            say(f"image {name} built: {target.stat().st_size // 2**20} MB in {time.monotonic() - started:.0f} s")


@contextmanager
def _alone(config: LabConfig, name: str, stop: Callable[[], bool]) -> Iterator[None]:
    with open(config.cache_dir / f"{name}.lock", "w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                _unless(stop)
                time.sleep(0.2)
        yield


def _build(config: LabConfig, name: str, target: Path, stop: Callable[[], bool]) -> None:
    if not shutil.which("mmdebstrap"):
        raise NodeError("mmdebstrap is missing, so no image can be built.", "install mmdebstrap and debian-archive-keyring")
    if (free := shutil.disk_usage(config.cache_dir).free) < ROOM_BYTES:
        raise NodeError(
            f"There is no room to build the image {name}: {free // 2**20} MB are free.",
            f"{config.cache_dir} needs {ROOM_BYTES // 2**20} MB for a while",
        )
    with tempfile.TemporaryDirectory(dir=config.cache_dir, prefix=f"{name}-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        place.chmod(0o755)  # apt downloads as another user
        made, engine = recipe(config, name), engine_of_image(config, name)
        more = prepare(made.source, place) if made.source else []
        more += _asking(place / "version") if engine else []
        errors = place / "errors"
        with errors.open("wb") as stderr:
            builder = subprocess.Popen(
                [*command(config, name, place / "root.tar"), *more],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=os.environ | {"TMPDIR": directory, "SOURCE_DATE_EPOCH": str(MADE)},
                start_new_session=True,
            )
        try:
            _await(builder, name, stop)
        finally:
            _end(builder)
        if builder.returncode or not (place / "root.tar").exists():
            said = errors.read_text(errors="replace")
            why = (explain(made.source, said) if made.source else "") or _away(said)
            raise NodeError(" ".join(filter(None, [f"The image {name} could not be built.", why])), _reason(said))
        if engine:
            check_built(engine, (place / "version").read_text(), made.source, made.suite)
        (place / "root.tar").replace(target)


def _asking(target: Path) -> list[str]:
    """The option of mmdebstrap with which it writes the version of Docker Engine in the new root there."""
    names = " ".join(ENGINE_PACKAGES)
    ask = f"dpkg-query --admindir=\"$1\"/var/lib/dpkg --show --showformat='${{Package}} ${{Version}}\\n' {names} 2>/dev/null"
    return [f"--customize-hook=({ask} || true) >{shlex.quote(str(target))}"]


def _away(said: str) -> str:
    return "Debian's package archive does not answer as it should." if AWAY.search(said) else ""


def built_again(config: LabConfig, name: str) -> tuple[str, str]:
    """The SHA-256 of the cached root file system, and of one that is built now and thrown away. Raises NodeError."""
    with tempfile.TemporaryDirectory(dir=config.cache_dir, prefix=f"{name}-") as directory:
        again = Path(directory, "again.tar")
        _build(config, name, again, lambda: False)
        return digest(tar(config, name)), digest(again)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _await(builder: subprocess.Popen[bytes], name: str, stop: Callable[[], bool]) -> None:
    until = time.monotonic() + BUILD_SECONDS
    while builder.poll() is None:
        _unless(stop)
        if time.monotonic() > until:
            raise NodeError(f"The image {name} could not be built in {BUILD_SECONDS} s.", "is the package archive slow?")
        time.sleep(0.1)


def _end(builder: subprocess.Popen[bytes]) -> None:
    """Ends mmdebstrap. It gets a SIGTERM first, because then it unmounts what it has mounted."""
    if builder.poll() is None:
        os.killpg(builder.pid, signal.SIGTERM)
        try:
            builder.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(builder.pid, signal.SIGKILL)
            builder.wait()


def _unless(stop: Callable[[], bool]) -> None:
    if stop():
        raise NodeError("Building images was interrupted.")


def command(config: LabConfig, name: str, target: Path) -> list[str]:
    """The call of mmdebstrap. `box` and the stand-ins are only extracted, without a package manager and packages' scripts; the
    other images are installed."""
    made = recipe(config, name)
    words = ["mmdebstrap", '--aptopt=Acquire::Check-Valid-Until "false"', '--aptopt=APT::Install-Recommends "false"']
    words += ['--aptopt=Acquire::Languages "none"', f"--include={','.join(made.packages)}"]
    if scripts := made.finishes:
        words += ["--variant=extract", "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"]
        words += [f"--extract-hook=sh '{script}' \"$1\"" for script in scripts]
    else:
        words += ["--variant=minbase", *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED)]
        words += [f'--customize-hook=cd "$1" && rm -rf {UNUSED}']
    return [*words, made.suite, str(target)]


@contextmanager
def complete(config: LabConfig, name: str) -> Iterator[Path]:
    """The whole image as a tar: the cached file system with our own files added. The tar exists until the block ends."""
    with tempfile.TemporaryDirectory(dir=config.cache_dir, prefix=f"{name}-") as directory:
        whole = Path(directory, "image.tar")
        try:
            shutil.copyfile(tar(config, name), whole)
        except OSError as error:
            raise NodeError(f"The image {name} could not be completed.", str(error)) from error
        words = ["tar", "--append", f"--file={whole}", "--owner=0", "--group=0", "--mode=u+rw,go+r-w", f"--mtime=@{MADE}"]
        for home, files in recipe(config, name).tree.items():
            words += [f"--directory={home}", *map(str, files)]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        if done.returncode:
            raise NodeError(f"The image {name} could not be completed.", done.stderr.strip()[:500])
        yield whole


def _reason(text: str) -> str:
    told = [line for line in text.splitlines() if not line.startswith(("E: mmdebstrap ", "E: apt-get ", "I: "))]
    lines = [line for line in told if line.startswith(("E:", "Err", "W:"))] or told
    return " ".join(lines[-3:])[:500]


def _forget_old(config: LabConfig, name: str) -> None:
    old = sorted(
        (path for path in config.cache_dir.glob(f"{name}-*.tar") if path.name != f"{name}-{base_key(config, name)}.tar"),
        key=lambda path: path.stat().st_mtime,
    )
    for path in old[:-KEPT_OLD]:
        path.unlink(missing_ok=True)
