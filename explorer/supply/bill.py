"""The software bill of materials (SBOM) as CycloneDX 1.6 JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from explorer.supply.part import Part

NAME = "docker-network-explorer"


def bill(version: str, parts: Iterable[Part], images: dict[str, str], made: int) -> str:
    """The SBOM's text. `images` maps an image's name to the SHA-256 of its root file system; `made` is a time in seconds of
    Unix time. The same arguments give the same text."""
    root = Component(name=NAME, version=version, type=ComponentType.APPLICATION, bom_ref=NAME)
    components = [_component(part) for part in sorted(set(parts))]
    components += [_image(name, digest) for name, digest in sorted(images.items())]
    made_bill = Bom(components=components)
    made_bill.metadata.component = root
    made_bill.metadata.timestamp = datetime.fromtimestamp(made, UTC)
    made_bill.register_dependency(root, components)
    made_bill.serial_number = uuid5(NAMESPACE_URL, "\n".join([NAME, version, *sorted(str(c.bom_ref) for c in components)]))
    return JsonV1Dot6(made_bill).output_as_string(indent=1) + "\n"


def _component(part: Part) -> Component:
    return Component(
        name=part.name,
        version=part.version,
        purl=PackageURL.from_string(part.purl),
        bom_ref=f"{part.where}:{part.purl}",
        licenses=[LicenseFactory().make_from_string(part.licence)] if part.licence else None,
        properties=[Property(name="explorer:where", value=part.where)],
    )


def _image(name: str, digest: str) -> Component:
    return Component(
        name=f"image {name}",
        version=digest[:12],
        type=ComponentType.CONTAINER,
        bom_ref=f"image:{name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
