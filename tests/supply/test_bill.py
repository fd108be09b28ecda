"""The SBOM: complete, the same for the same parts, and in CycloneDX's form."""

import json

from cyclonedx.model.bom import Bom

from explorer.supply.bill import bill
from explorer.supply.part import DEBIAN, PYTHON, Part

PARTS = [
    Part(PYTHON, "django", "5.2.19", "python", licence="BSD-3-Clause"),
    Part(DEBIAN, "bash", "5.2", "image host", "bash", "5.2", "13"),
    Part(DEBIAN, "bash", "5.2", "image box", "bash", "5.2", "13"),
]
DIGEST = "ab" * 32


def test_every_part_and_image_is_in_it_with_where_it_is():
    found = json.loads(bill("1.0", PARTS, {"host": DIGEST}, 0))
    where = {(one["name"], one["properties"][0]["value"]) for one in found["components"] if one.get("properties")}
    assert where == {("django", "python"), ("bash", "image host"), ("bash", "image box")}
    (image,) = (one for one in found["components"] if one["type"] == "container")
    assert image["hashes"] == [{"alg": "SHA-256", "content": DIGEST}]
    assert found["specVersion"] == "1.6"


def test_the_same_parts_in_another_order_give_the_same_text():
    assert bill("1.0", PARTS, {}, 0) == bill("1.0", [*reversed(PARTS), PARTS[0]], {}, 0)
    assert bill("1.0", PARTS, {}, 0) != bill("1.0", PARTS[1:], {}, 0)


def test_the_library_reads_it_back():
    read = Bom.from_json(json.loads(bill("1.0", PARTS, {}, 0)))  # type: ignore[attr-defined]
    assert {component.purl.to_string() for component in read.components} == {part.purl for part in PARTS}
