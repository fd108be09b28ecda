"""One part of the product: a package of somebody else in one version."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packageurl import PackageURL

PYTHON, NPM, DEBIAN = "PyPI", "npm", "Debian"


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """`where` says what has the part: `python`, `npm`, `machine` or `image NAME`. `source` is the name under which a Debian
    vulnerability is filed: the source package. `release` is Debian's release number, such as `13`; empty for unstable."""

    kind: str
    name: str
    version: str
    where: str
    source: str = ""
    source_version: str = ""
    release: str = ""
    licence: str = ""

    @property
    def ecosystem(self) -> str:
        """The ecosystem's name in OSV records: `PyPI`, `npm` or `Debian:13`. Empty where OSV has none (Debian unstable)."""
        if self.kind != DEBIAN:
            return self.kind
        return f"{DEBIAN}:{self.release}" if self.release else ""

    @property
    def filed_as(self) -> str:
        return self.source or self.name

    @property
    def filed_version(self) -> str:
        return self.source_version or self.version

    @property
    def purl(self) -> str:
        """The package URL (purl) of the part."""
        if self.kind == DEBIAN:
            named = {"distro": f"debian-{self.release}"} if self.release else {"distro": "debian-sid"}
            return PackageURL("deb", "debian", self.name, self.version, qualifiers=named).to_string()
        space, _, name = self.name.rpartition("/")
        return PackageURL(self.kind.lower(), space or None, name, self.version).to_string()


def same_name(name: str) -> str:
    """A Python distribution's name in the one spelling that indexes compare: `Flask_Thing` → `flask-thing` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
