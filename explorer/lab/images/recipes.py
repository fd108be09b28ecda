"""What each image is made of: which Debian packages of which suite, which of our own files, and how Docker runs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.images.stand_ins import STAND_INS
from explorer.lab.sources import Source
from explorer.network.engines import DEFAULT_ENGINE, PODMAN

HERE = Path(__file__).parent
HOST, MACHINE, BOX = "host", "machine", "box"
STAND_IN = "stand-in"  # what all stand-ins have in common
SUITE = "trixie"  # Debian's suite of every image that names no other
ENGINES = {"26": SUITE, "28": "sid"}  # Docker Engine → the suite whose docker.io is of this version
PODMANS_SUITE = "sid"
DOCKER = "docker"  # packages, and our own files, of hosts with Docker Engine
RELEASES = {"trixie": "13"}  # Debian's release number; unstable has none

_COMMON = ("ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "ENV LANG=C.UTF-8", "WORKDIR /root")


@dataclass(frozen=True, slots=True)
class Recipe:
    """`lists` are the files with names of packages, without `.packages`; `files` are the directories of our own files.
    `scripts`, without `.finish`, turn extracted packages into a root file system, in their order; an image without any is
    installed."""

    lists: tuple[str, ...]
    files: tuple[str, ...]
    suite: str = SUITE
    scripts: tuple[str, ...] = ()
    source: Source | None = None  # of the packages that Debian does not have
    changes: tuple[str, ...] = ()  # how Docker runs it, in words of a Dockerfile; a stand-in has settings instead

    @property
    def packages(self) -> list[str]:
        found = (line for name in self.lists for line in (HERE / f"{name}.packages").read_text().splitlines())
        return [word for line in found if (word := line.split("#")[0].strip())]

    @property
    def finishes(self) -> list[Path]:
        return [path for name in self.scripts if (path := HERE / f"{name}.finish").exists()]

    @property
    def tree(self) -> dict[Path, list[Path]]:
        """Our own files in the image, by the directory below which they lie; they are added over the packages' files."""
        homes = [HERE / name for name in self.files]
        return {home: sorted(path.relative_to(home) for path in home.rglob("*") if path.is_file()) for home in homes}

    @property
    def release(self) -> str:
        """Debian's release number of the packages; empty for unstable."""
        return RELEASES.get(self.suite, "")


_OTHERS = {
    MACHINE: Recipe((MACHINE,), (MACHINE,), changes=(*_COMMON, 'CMD ["machine-start"]')),
    BOX: Recipe((BOX,), (BOX,), scripts=(BOX,), changes=(*_COMMON, 'CMD ["web"]', "EXPOSE 80")),
    **{name: Recipe((name,), (name,), scripts=(STAND_IN, name)) for name in STAND_INS},
}


def host(engine: str) -> str:
    """The name of the image of hosts with this version of Docker Engine, or with Podman."""
    if engine == PODMAN:
        return PODMAN
    return HOST if engine == DEFAULT_ENGINE else f"{HOST}{engine}"


def data(engine: str) -> str:
    """The directory in which a host's engine keeps what it has."""
    return "/var/lib/containers" if engine == PODMAN else "/var/lib/docker"


def recipe(config: LabConfig, name: str) -> Recipe:
    """What the image `name` is made of. Raises KeyError when no image has this name."""
    hosts = {host(engine): engine for engine in (*ENGINES, PODMAN, *config.engines)}
    return _host(config, hosts[name]) if name in hosts else _OTHERS[name]


def _host(config: LabConfig, engine: str) -> Recipe:
    """With a source of Docker's own packages, everything else is from Debian's stable suite."""
    run = (*_COMMON, 'CMD ["host-start"]')
    if engine == PODMAN:
        return Recipe((HOST, PODMAN), (HOST, PODMAN), PODMANS_SUITE, changes=run)
    named = None if config.images_dir else next((one for one in config.sources if one.engine == engine), None)
    if named:
        return Recipe((HOST, "docker-ce"), (HOST, DOCKER), source=named, changes=run)
    return Recipe((HOST, DOCKER), (HOST, DOCKER), ENGINES.get(engine, SUITE), changes=run)


def engine_of_image(config: LabConfig, name: str) -> str:
    """The version of Docker Engine in an image of hosts; empty for another image."""
    return next((engine for engine in config.engines if host(engine) == name and engine != PODMAN), "")
