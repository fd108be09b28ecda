"""The nft with which the node reads rule sets: the newest that it has.

A set that a newer nft wrote can end an older one with a crash (nft 1.0.6 of Debian 12 does so), and then none of the rules of
that host is seen. So the node takes the nft of its hosts' images too, where that one is newer than its own: from the root file
system that the node made, before a host ran on it. What root in a host puts in the place of its own nft is never run. The copy
and its libraries are files of root's; it runs as the node's tools do, in the network namespace of a place and in nothing else
of it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from explorer.lab.config import LabConfig
from explorer.lab.images.names import tar
from explorer.lab.images.recipes import host
from explorer.lab.inside.tools import add_tools

LIBRARIES = ("nftables", "nftnl", "mnl", "jansson", "gmp", "edit", "xtables", "c", "tinfo", "bsd", "md")
_WANTED = re.compile(rf"\./(?:usr/)?(?:s?bin/nft|lib\S*/(?:ld-linux\S*|lib(?:{'|'.join(LIBRARIES)})\.so\.\S+|xtables/\S+\.so))")
_VERSION = re.compile(r"nftables v(\d+)\.(\d+)(?:\.(\d+))?")
FORMAT = "1"  # raise this number when the way of copying changes
START = """#!/bin/sh
export XTABLES_LIBDIR={0}/lib/xtables
exec {0}/lib/{1} --library-path {0}/lib {0}/nft "$@"
"""
Version = tuple[int, ...]
_tried: set[Path] = set()


def directory(config: LabConfig) -> Path:
    """Where the program is, as `nft`. It need not be there."""
    return config.cache_dir / "tools"


def use(config: LabConfig) -> None:
    """From now on this process runs the node's copy, while there is one."""
    add_tools(directory(config))


def take(config: LabConfig, engine: str, say: Callable[[str], None]) -> None:
    """Copies the nft of the hosts with this version of Docker Engine, if it is newer than the node's own and than the copy that
    is there. It raises nothing: without a copy the node's own nft is run. A process tries each image once."""
    image = tar(config, host(engine))
    if image in _tried or not image.exists():
        return
    _tried.add(image)
    try:
        _take(config, image, say)
        _forget(config)
    except (OSError, tarfile.TarError, subprocess.SubprocessError) as error:
        say(f"the node reads rules with its own nft, and not with that of the hosts of Engine {engine}: {error}")


def _forget(config: LabConfig) -> None:
    """Removes the copies from images that the node has no more."""
    images = {f"{path.stem}-{FORMAT}" for path in config.cache_dir.glob("*.tar")}
    used = (directory(config) / "nft").resolve().parent.name
    for path in directory(config).iterdir():
        if path.is_dir() and path.name not in (images | {used}):
            shutil.rmtree(path, ignore_errors=True)


def _take(config: LabConfig, image: Path, say: Callable[[str], None]) -> None:
    into = directory(config)
    into.mkdir(parents=True, exist_ok=True, mode=0o755)
    made = into / f"{image.stem}-{FORMAT}"
    if made.exists():
        return
    with tempfile.TemporaryDirectory(dir=into, prefix="new-") as place:
        fresh = Path(place, "nft")
        loader = _unpack(image, fresh)
        _starter(fresh / "run", fresh, loader)
        found = version(str(fresh / "run"))
        if not found or found <= max(version("nft"), version(str(into / "nft"))):
            made.mkdir()  # looked at: not needed
            return
        _starter(fresh / "run", made, loader)
        fresh.chmod(0o755)
        shutil.move(fresh, made)
        link = Path(place, "link")
        link.symlink_to(made / "run")
        link.replace(into / "nft")
    say(f"rules are read with nft {'.'.join(map(str, found))} of the hosts' image")


def _starter(path: Path, where: Path, loader: str) -> None:
    path.write_text(START.format(where, loader))
    path.chmod(0o755)


def _unpack(image: Path, into: Path) -> str:
    """Copies nft and its libraries out of a root file system. Returns the name of the loader."""
    (into / "lib" / "xtables").mkdir(parents=True)
    loader = ""
    with _members(image) as (archive, members):
        for member in members:
            path = PurePosixPath(member.name)
            if path.name == "nft":
                target = into / "nft"
            else:
                target = into / "lib" / ("xtables" if path.parent.name == "xtables" else "") / path.name
            content = archive.extractfile(member) if member.isfile() or member.islnk() else None
            if content is not None:
                with content, target.open("wb") as file:
                    shutil.copyfileobj(content, file)
                target.chmod(0o755)
            elif member.issym() and not target.exists():
                target.symlink_to(PurePosixPath(member.linkname).name)
            if path.name.startswith("ld-linux"):
                loader = path.name
    if not loader or not (into / "nft").exists():
        raise OSError("the root file system has no nft")
    return loader


@contextmanager
def _members(image: Path) -> Iterator[tuple[tarfile.TarFile, Iterable[tarfile.TarInfo]]]:
    with tarfile.open(image) as archive:
        yield archive, [member for member in archive if _WANTED.fullmatch(member.name)]


def version(program: str) -> Version:
    """The version that a program nft says it has; empty when it does not run."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = _VERSION.match(done.stdout)
    return tuple(int(part or 0) for part in found.groups()) if found else ()
