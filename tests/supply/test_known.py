"""Known vulnerabilities: the versions that a record names are found, other versions are not, unreadable files are named."""

import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.supply.known import UnreadableFile, look_up, records
from explorer.supply.part import DEBIAN, NPM, PYTHON, Part

DJANGO = Part(PYTHON, "django", "5.2.3", "python")


def record(ecosystem, name, *events, **more):
    kind = "SEMVER" if ecosystem == "npm" else "ECOSYSTEM"
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": kind, "events": list(events)}]}
    return json.dumps({"id": "X-1", "modified": "2026-11-01T00:00:00Z", "affected": [affected], **more}).encode()


def versions(part, text, *tried):
    made = [Part(part.kind, part.name, version, part.where, release=part.release) for version in tried]
    return [finding.part.version for finding in look_up(made, [text]).findings]


def test_a_range_begins_with_introduced_and_ends_before_fixed():
    text = record("PyPI", "Django", {"introduced": "5.0"}, {"fixed": "5.2.4"})
    assert versions(DJANGO, text, "4.2.9", "5.0", "5.2.3", "5.2.4", "5.10") == ["5.0", "5.2.3"]
    assert look_up([DJANGO], [text]).findings[0].fixed == "5.2.4"


def test_last_affected_is_affected():
    text = record("PyPI", "django", {"introduced": "0"}, {"last_affected": "5.2.3"})
    assert versions(DJANGO, text, "1.0", "5.2.3", "5.2.4") == ["1.0", "5.2.3"]


def test_two_ranges_in_one_and_the_fix_of_the_right_one():
    events = [{"fixed": "5.2.4"}, {"introduced": "5.0"}, {"introduced": "4.0"}, {"fixed": "4.2.8"}]
    text = record("PyPI", "django", *events)
    assert versions(DJANGO, text, "3.9", "4.1", "4.2.8", "5.1", "5.2.4") == ["4.1", "5.1"]
    four = Part(PYTHON, "django", "4.1", "python")
    assert {one.part.version: one.fixed for one in look_up([DJANGO, four], [text]).findings} == {
        "4.1": "4.2.8",
        "5.2.3": "5.2.4",
    }


def test_npm_and_debian_compare_in_their_own_order():
    braces = Part(NPM, "braces", "3.0.2", "npm")
    assert versions(
        braces, record("npm", "braces", {"introduced": "0"}, {"fixed": "3.0.3"}), "3.0.2", "3.0.3-rc.1", "3.0.3"
    ) == [
        "3.0.2",
        "3.0.3-rc.1",
    ]
    bash = Part(DEBIAN, "bash", "5.2.37-2", "image host", release="13")
    text = record("Debian:13", "bash", {"introduced": "0"}, {"fixed": "1:5.2~rc1-1"})
    assert versions(bash, text, "5.2.37-2", "1:5.2~beta", "1:5.2~rc1-1", "1:5.2") == ["1:5.2~beta", "5.2.37-2"]


def test_a_named_version_is_found_and_another_release_or_package_is_not():
    text = record("PyPI", "django").replace(b'"ranges"', b'"versions": ["5.2.3"], "ranges"')
    assert versions(DJANGO, text, "5.2.3", "5.2.2") == ["5.2.3"]
    other = record("Debian:12", "bash", {"introduced": "0"})
    assert look_up([Part(DEBIAN, "bash", "5.2", "image host", release="13")], [other]).findings == []
    assert (
        look_up([Part(DEBIAN, "bash", "5.2", "image host28")], [other, record("", "bash", {"introduced": "0"})]).findings == []
    )


def test_a_withdrawn_record_says_nothing():
    assert look_up([DJANGO], [record("PyPI", "django", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z")]).findings == []


def test_what_cannot_be_read_or_compared_is_counted_and_not_lost():
    texts = [b"{", b"[]", b'{"affected": []}', record("PyPI", "django", {"introduced": "0"}, {"fixed": "not a version!"})]
    found = look_up([DJANGO], texts)
    assert found.unread == 3
    assert found.records == 1
    assert found.findings == []
    assert len(found.incomparable) == 1
    assert "django 5.2.3" in found.incomparable[0]


def test_an_archive_a_directory_and_a_single_file_are_read(tmp_path):
    text = record("PyPI", "django", {"introduced": "0"})
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("X-1.json", text)
        archive.writestr("readme.txt", "no record")
    (tmp_path / "X-2.json").write_bytes(text)
    assert list(records(tmp_path)) == [text, text]
    assert list(records(tmp_path / "X-2.json")) == [text]


def test_a_file_that_is_no_archive_is_said_by_name(tmp_path):
    (tmp_path / "all.zip").write_bytes(b"PK nothing")
    with pytest.raises(UnreadableFile, match=r"all\.zip is not a zip archive"):
        list(records(tmp_path / "all.zip"))
    with pytest.raises(UnreadableFile, match="No such file"):
        list(records(tmp_path / "gone.json"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from(["id", "affected", "withdrawn", "severity", "aliases"]), values), st.binary(max_size=60))
def test_no_record_stops_the_look_up(record, junk):
    found = look_up([DJANGO], [json.dumps(record).encode(), junk])
    assert found.records + found.unread >= 1
