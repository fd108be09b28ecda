"""Debian's packages of Docker Engine under the names and paths of Docker's own packages: a stand-in for what Docker publishes.

The files come from a root file system that was made of Debian's packages. A directory of the new packages is a source as an
operator would name it, and so is an apt repository made of it, which a key of its own signs.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = {  # a file in Debian's image → (package, path in it)
    "usr/sbin/dockerd": ("docker-ce", "usr/bin/dockerd"),
    "usr/sbin/docker-proxy": ("docker-ce", "usr/bin/docker-proxy"),
    "usr/bin/docker-init": ("docker-ce", "usr/bin/docker-init"),
    "usr/bin/docker": ("docker-ce-cli", "usr/bin/docker"),
    "usr/share/bash-completion/completions/docker": ("docker-ce-cli", "usr/share/bash-completion/completions/docker"),
    "usr/bin/containerd": ("containerd.io", "usr/bin/containerd"),
    "usr/bin/containerd-shim-runc-v2": ("containerd.io", "usr/bin/containerd-shim-runc-v2"),
    "usr/sbin/runc": ("containerd.io", "usr/bin/runc"),
    "usr/libexec/docker/cli-plugins/docker-compose": (
        "docker-compose-plugin",
        "usr/libexec/docker/cli-plugins/docker-compose",
    ),
}
FIELDS = {
    "docker-ce": "Depends: docker-ce-cli, containerd.io, iptables, libc6, libsystemd0\nConflicts: docker.io",
    "docker-ce-cli": "Depends: libc6\nConflicts: docker-cli",
    "containerd.io": "Depends: libc6, libseccomp2\nProvides: containerd, runc\nConflicts: containerd, runc",
    "docker-compose-plugin": "Depends: libc6\nConflicts: docker-compose",
}
ORIGINS = {"docker-ce": "docker.io", "docker-ce-cli": "docker-cli", "containerd.io": "containerd"}
ORIGINS["docker-compose-plugin"] = "docker-compose"


@dataclass(frozen=True, slots=True)
class Repacked:
    engine: str  # the version of Docker Engine, such as 28.5.2
    folder: Path


def repack(image: Path, target: Path) -> Repacked:
    """Makes the four packages in the directory `target` from the tar of an image of hosts."""
    root = target / "root"
    root.mkdir(parents=True)
    with tarfile.open(image) as whole:
        status = whole.extractfile("./var/lib/dpkg/status").read().decode()
        versions = _versions(status)
        for path, (package, place) in PROGRAMS.items():
            put = root / package / place
            put.parent.mkdir(parents=True, exist_ok=True)
            member = _followed(whole, f"./{path}")
            put.write_bytes(whole.extractfile(member).read())
            put.chmod(member.mode & 0o755)
    for package, origin in ORIGINS.items():
        plain = versions[origin].rpartition(":")[2].partition("+")[0].partition("~")[0].partition("-")[0]
        epoch = "5:" if package.startswith("docker-ce") else ""
        build(root / package, target, package, f"{epoch}{plain}-1~debian.13~trixie", FIELDS[package])
    engine = versions["docker.io"].rpartition(":")[2].partition("+")[0]
    subprocess.run(["rm", "-rf", str(root)], check=True)
    return Repacked(engine, target)


def build(root: Path, target: Path, package: str, version: str, fields: str = "", architecture: str = "") -> Path:
    """A package with the files below `root`."""
    control = root / "DEBIAN" / "control"
    control.parent.mkdir(parents=True, exist_ok=True)
    head = f"Package: {package}\nVersion: {version}\nArchitecture: {architecture or _machine()}\n"
    head += "Maintainer: nobody <nobody@example.org>\n"
    control.write_text(f"{head}{fields}\nDescription: {package}\n".replace("\n\n", "\n"))
    path = target / f"{package}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(root), str(path)], check=True, capture_output=True
    )
    return path


def publish(packages: Path, target: Path, suite: str = "trixie", *, sign: bool = True) -> str:
    """An apt repository of the packages in a directory. Returns its line of sources.list, with the key that signs it."""
    pool, lists = target / "pool", target / "dists" / suite
    index = lists / "stable" / f"binary-{_machine()}"
    index.mkdir(parents=True)
    pool.mkdir()
    for path in packages.glob("*.deb"):
        (pool / path.name).write_bytes(path.read_bytes())
    listed = subprocess.run(["dpkg-scanpackages", "--multiversion", "pool"], cwd=target, check=True, capture_output=True)
    (index / "Packages").write_bytes(listed.stdout)
    digest = subprocess.run(["sha256sum", str(index / "Packages")], check=True, capture_output=True, text=True).stdout.split()[
        0
    ]
    name = f"stable/binary-{_machine()}/Packages"
    size = len(listed.stdout)
    (lists / "Release").write_text(
        f"Origin: Test\nSuite: {suite}\nCodename: {suite}\nComponents: stable\nArchitectures: {_machine()}\n"
        f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n {digest} {size} {name}\n"
    )
    key = target / "key.gpg"
    home = target / "gpg"
    home.mkdir(mode=0o700)
    env = {**os.environ, "GNUPGHOME": str(home)}

    def gpg(*words: str) -> bytes:
        return subprocess.run(["gpg", "--batch", "--quiet", *words], env=env, check=True, capture_output=True).stdout

    gpg("--passphrase", "", "--quick-generate-key", "test@example.org", "ed25519", "sign", "never")
    key.write_bytes(gpg("--export"))
    if sign:
        gpg("--clearsign", "--output", str(lists / "InRelease"), str(lists / "Release"))
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)
    return line_of(target, suite)


def line_of(repository: Path, suite: str = "trixie") -> str:
    """How apt's sources.list names a repository that `publish` made."""
    return f"deb [signed-by={repository / 'key.gpg'}] file:{repository} {suite} stable"


def _machine() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()


def _followed(whole: tarfile.TarFile, path: str) -> tarfile.TarInfo:
    """The file behind a symbolic link in the image."""
    member = whole.getmember(path)
    while member.issym():
        below = Path(path).parent / member.linkname if not member.linkname.startswith("/") else Path("." + member.linkname)
        path = "./" + os.path.normpath(below).removeprefix("./")
        member = whole.getmember(path)
    return member


def _versions(status: str) -> dict[str, str]:
    found, package = {}, ""
    for line in status.splitlines():
        name, _, value = line.partition(": ")
        if name == "Package":
            package = value
        elif name == "Version":
            found[package] = value
    return found
