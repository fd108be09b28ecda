"""Docker's own packages: whether a source has them, how apt finds them when an image is made, and what its failures mean.

The packages have the names that Docker gives them. For the time of the build, a directory of them becomes a small
apt repository. A repository stays what it is: apt checks its signature. Of both, nothing but the packages is left in the image.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from explorer.lab.errors import NodeError
from explorer.lab.sources import SETTING, Source
from explorer.network.engines import engine_of

WANTED = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin")
VERSIONED = ("docker-ce", "docker-ce-cli")  # these have the version of Docker Engine
ENGINE_PACKAGES = ("docker-ce", "docker.io")  # the daemon's package: Docker's, and Debian's
NAMED = 3  # versions in a sentence
_UNSIGNED = re.compile(r"is not signed|NO_PUBKEY|EXPKEYSIG|BADSIG|signatures? (?:couldn't be|were|was) |Missing key|nvalid sig")
_LACKS = re.compile(r"Unable to locate package (\S+)|[Pp]ackage '?([a-z.-]+)'? has no installation candidate")
_MISFIT = re.compile(r"unmet dependencies|Unable to correct problems|Unable to satisfy dependencies")
AWAY = re.compile(r"Failed to fetch|Could not (?:resolve|connect)|does not have a Release file")


def prepare(source: Source, place: Path) -> list[str]:
    """The options of mmdebstrap with which apt finds the packages. Files that it needs are written into `place`. Raises
    NodeError when a directory does not have the packages."""
    if source.folder:
        check_folder(source)
        line = f"deb [trusted=yes] copy:{_repository(source.packages(), place / 'packages')} ./"
    else:
        line = re.sub(r"(?<=\s)file:", "copy:", source.line)  # apt copies what dpkg, which works in the new root, could not see
    (place / "docker.list").write_text(f"{line}\n")
    (place / "docker.pref").write_text(_pins(source.engine))
    apt = '"$1"/etc/apt'
    listed, pinned = (shlex.quote(str(place / name)) for name in ("docker.list", "docker.pref"))
    return [
        f"--setup-hook=cp {listed} {apt}/sources.list.d/ && cp {pinned} {apt}/preferences.d/",
        f'--extract-hook=env APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --simulate install {" ".join(WANTED)} >/dev/null',
        f"--customize-hook=rm -f {apt}/sources.list.d/docker.list {apt}/preferences.d/docker.pref",
    ]


def _pins(engine: str) -> str:
    """The version of Docker Engine that is wanted and no other. Of two records for a package, apt takes the first that fits."""
    packages = " ".join(VERSIONED)
    wanted = f"Package: {packages}\nPin: version /^([0-9]+:)?{engine}\\./\nPin-Priority: 1001\n"
    return f"{wanted}\nPackage: {packages}\nPin: version *\nPin-Priority: -1\n"


def check_folder(source: Source) -> None:
    """Raises NodeError, with one sentence that says what is wrong with the directory."""
    cure = f"put Docker's packages there ({', '.join(WANTED)}), or take {source.engine} out of {SETTING}"
    if source.folder is None or not source.folder.is_dir():
        raise NodeError(f"{_upper(source.where)}, which {SETTING} names for Docker Engine {source.engine}, is not there.", cure)
    machine = _said(["dpkg", "--print-architecture"]).strip()
    there: dict[str, set[str]] = {}
    for path in source.packages():
        found = _fields(path)
        if found.get("Architecture") in (machine, "all"):
            there.setdefault(found.get("Package", ""), set()).add(found.get("Version", ""))
    if missing := [name for name in WANTED if name not in there]:
        raise NodeError(f"{_upper(source.where)} has no {' and no '.join(missing)} for {machine}.", cure)
    for name in VERSIONED:
        if source.engine not in map(upstream, there[name]):
            raise NodeError(_other(source, name, there[name]), cure)


def _other(source: Source, package: str, versions: Iterable[str]) -> str:
    told = ", ".join(sorted(versions)[:NAMED])
    return f"{_upper(source.where)} has {package} {told}, which is not Docker Engine {source.engine}."


def upstream(version: str) -> str:
    """The version of Docker Engine in a package's: `29` for `5:29.0.1-1~debian.13~trixie`."""
    return engine_of(version.rpartition(":")[2])


def check_built(engine: str, told: str, source: Source | None, suite: str) -> None:
    """`told` is what dpkg-query said of the daemon's package in a new root: `docker-ce 5:29.0.1-1`. Raises NodeError when this
    is another version than the image is for."""
    found = dict(line.split() for line in told.splitlines() if len(line.split()) == 2)
    package = next((name for name in ENGINE_PACKAGES if name in found), "")
    if package and upstream(found[package]) == engine:
        return
    where = _upper(source.where) if source else f"Debian's {suite}"
    has = f"{package} {found[package]}" if package else "no Docker Engine"
    raise NodeError(
        f"{where} has {has}, which is not Docker Engine {engine}.",
        f"name a source of {engine} in {SETTING}, or take it out of EXPLORER_ENGINES",
    )


def explain(source: Source, said: str) -> str:
    """A sentence for what apt said when it could not get the packages from a source; empty when the fault is elsewhere."""
    of = f"which {SETTING} names for Docker Engine {source.engine}"
    address = _address(source.line)
    ours = "\n".join(line for line in said.splitlines() if address and address in line)
    if _UNSIGNED.search(ours):
        return f"{_upper(source.where)}, {of}, is not signed by a key that apt trusts: name the key with [signed-by=/PATH]."
    if AWAY.search(ours):
        return f"{_upper(source.where)}, {of}, does not answer as it should."
    if lacks := [name for found in _LACKS.findall(said) for name in found if name in WANTED]:
        version = f" of version {source.engine}" if lacks[0] in VERSIONED else ""
        return f"{_upper(source.where)} has no {lacks[0]}{version} for this machine."
    if _MISFIT.search(said):
        return f"The packages of {source.where} need others that this suite of Debian does not have."
    return ""


def _address(line: str) -> str:
    """How apt's messages name a repository: by its machine, or by its path when that is on this one."""
    word = next((word for word in line.split() if ":/" in word and "=" not in word), "")
    kind, _, rest = word.partition(":")
    return rest.strip("/") if kind in ("file", "copy") else rest.strip("/").partition("/")[0].rpartition("@")[2]


def _repository(packages: list[Path], target: Path) -> Path:
    """Copies packages into a new directory and writes their index there, in the form of deb822 that apt reads."""
    target.mkdir()
    entries = []
    for number, path in enumerate(packages):
        name = f"{number}.deb"
        shutil.copyfile(path, target / name)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        control = _said(["dpkg-deb", "--field", str(path)]).strip()
        entries.append(f"{control}\nFilename: ./{name}\nSize: {path.stat().st_size}\nSHA256: {digest}\n")
    (target / "Packages").write_text("\n".join(entries))
    return target


def _fields(path: Path) -> dict[str, str]:
    told = _said(["dpkg-deb", "--field", str(path), "Package", "Version", "Architecture"], f"{path} is no Debian package.")
    return {name: value.strip() for name, _, value in (line.partition(":") for line in told.splitlines())}


def _said(words: list[str], failure: str = "") -> str:
    done = subprocess.run(words, check=False, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise NodeError(failure or f"{words[0]} failed.", done.stderr.strip()[:500])
    return done.stdout


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]
