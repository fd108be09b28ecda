"""The parts of an installation, read from lists as the tools write them."""

import io
import json
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from explorer.supply import collect
from explorer.supply.part import DEBIAN, NPM, PYTHON, Part

STATUS = """Package: curl
Status: install ok installed
Architecture: amd64
Version: 8.14.1-2
Depends: libcurl4t64 (= 8.14.1-2), libc6 (>= 2.34), zlib1g (>= 1:1.1.4) | zlib-ng
Description: command line tool
 for transferring data
 .
 Package: not-one

Package: libcurl4t64
Status: install ok installed
Source: curl
Version: 8.14.1-2

Package: libc6
Status: install ok installed
Source: glibc (2.41-12)
Version: 2.41-12+b1
Depends: libgcc-s1

Package: zlib-ng
Status: install ok installed
Provides: zlib1g (= 1:1.3)
Version: 2.2

Package: gone
Status: deinstall ok config-files
Version: 1

Package: vim
Status: install ok installed
Version: 9
"""


def test_an_installed_package_is_filed_under_its_source_and_the_sources_version():
    found = {part.name: part for part in collect.debian_parts(STATUS, "image host", "13")}
    assert sorted(found) == ["curl", "libc6", "libcurl4t64", "vim", "zlib-ng"]
    assert (found["libc6"].filed_as, found["libc6"].filed_version) == ("glibc", "2.41-12")
    assert (found["libcurl4t64"].filed_as, found["libcurl4t64"].filed_version) == ("curl", "8.14.1-2")
    assert found["curl"].ecosystem == "Debian:13"


def test_a_machine_gives_what_the_product_needs_and_not_what_else_is_installed():
    needed = collect.debian_parts(collect.needed_of(STATUS, ["curl", "not-there"]), "machine", "12")
    assert [part.name for part in needed] == ["curl", "libc6", "libcurl4t64", "zlib-ng"]


def image(path, files):
    with tarfile.open(path, "w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_an_installed_and_an_extracted_image_are_both_read(tmp_path):
    installed = image(tmp_path / "host.tar", {"./var/lib/dpkg/status": STATUS, "./etc/passwd": "root"})
    control = "Package: bash\nVersion: 5.2\nDescription: shell\n"
    extracted = image(tmp_path / "box.tar", {"./var/lib/dpkg/status.d/bash": control})
    assert len(collect.image_parts(installed, "host", "13")) == 5
    assert collect.image_parts(extracted, "box", "13") == [Part(DEBIAN, "bash", "5.2", "image box", "bash", "5.2", "13")]


def test_unstable_has_no_ecosystem_so_that_nothing_is_claimed_about_it():
    (part,) = collect.debian_parts("Package: bash\nVersion: 5.3\n", "image host28", "")
    assert part.ecosystem == ""
    assert part.purl == "pkg:deb/debian/bash@5.3?distro=debian-sid"


def test_a_lock_file_gives_every_package_once_with_its_scope(tmp_path):
    lock = tmp_path / "package-lock.json"
    packages = {
        "": {"name": "ours", "version": "1"},
        "node_modules/@xterm/xterm": {"version": "6.0.0", "license": "MIT"},
        "node_modules/a/node_modules/b": {"version": "2"},
        "node_modules/b": {"version": "2"},
        "node_modules/linked": {"link": True},
    }
    lock.write_text(json.dumps({"lockfileVersion": 3, "packages": packages}))
    found = collect.npm_parts(lock)
    assert found == [Part(NPM, "@xterm/xterm", "6.0.0", "npm", licence="MIT"), Part(NPM, "b", "2", "npm")]
    assert found[0].purl == "pkg:npm/%40xterm/xterm@6.0.0"


def test_this_environment_has_django_under_its_compared_name():
    found = {part.name: part for part in collect.python_parts()}
    assert found["django"].kind == PYTHON
    assert found["docker"].purl.startswith("pkg:pypi/docker@7")


@given(st.text(max_size=400))
def test_any_text_is_a_list_of_parts_or_an_empty_one(text):
    for part in collect.debian_parts(text, "machine", ""):
        assert part.name
        assert part.version
    collect.needed_of(text, ["curl"])
