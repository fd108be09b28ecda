"""Docker's own packages as a source of hosts: what is wrong with a source is one sentence that names it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError
from explorer.lab.images import build, names, packages, recipes
from explorer.lab.sources import Source, read_source
from tests import repacked

VERSIONS = dict.fromkeys(packages.VERSIONED, "5:29.0.1-1~debian.13~trixie") | {
    "containerd.io": "2.1.5-1~debian.13~trixie",
    "docker-compose-plugin": "2.40.3-1~debian.13~trixie",
}
LINE = "deb [signed-by=/etc/apt/keyrings/docker.asc] https://me:secret@p.example.org/linux trixie stable"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with the four packages; their files are empty."""
    made = tmp_path / "docker-29"
    made.mkdir()
    for name, version in VERSIONS.items():
        repacked.build(tmp_path / "roots" / name, made, name, version)
    return made


@pytest.fixture
def config(tmp_path: Path) -> LabConfig:
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache", engines=("26", "29"))


def refused(source: Source) -> str:
    with pytest.raises(NodeError) as caught:
        packages.check_folder(source)
    assert caught.value.detail or "no Debian package" in str(caught.value)
    return str(caught.value)


# --- a directory ---
def test_a_directory_with_the_four_packages_is_taken(folder):
    packages.check_folder(Source("29", folder))


def test_one_that_is_not_there_is_named_with_its_setting(tmp_path):
    assert refused(Source("29", tmp_path / "none")) == (
        f"The directory {tmp_path}/none, which EXPLORER_ENGINE_SOURCES names for Docker Engine 29, is not there."
    )


@pytest.mark.parametrize("name", packages.WANTED)
def test_a_package_that_is_missing_is_named(folder, name):
    (folder / f"{name}.deb").unlink()
    assert f"has no {name} for" in refused(Source("29", folder))


def test_a_package_for_another_machine_counts_as_missing(folder, tmp_path):
    repacked.build(tmp_path / "roots" / "docker-ce", folder, "docker-ce", VERSIONS["docker-ce"], architecture="s390x")
    assert "has no docker-ce for" in refused(Source("29", folder))


def test_packages_of_another_version_are_not_taken_for_it(folder):
    assert refused(Source("30", folder)).endswith("has docker-ce 5:29.0.1-1~debian.13~trixie, which is not Docker Engine 30.")


def test_a_client_of_another_version_is_not_taken_either(folder, tmp_path):
    repacked.build(tmp_path / "roots" / "docker-ce-cli", folder, "docker-ce-cli", "5:28.5.2-1")
    assert "has docker-ce-cli 5:28.5.2-1, which is not Docker Engine 29." in refused(Source("29", folder))


def test_a_file_that_is_no_package_is_named(folder):
    (folder / "docker-ce.deb").write_bytes(b"<html>not found</html>")
    assert refused(Source("29", folder)) == f"{folder}/docker-ce.deb is no Debian package."


def test_a_directory_becomes_a_repository_that_apt_reads(folder, tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    options = packages.prepare(Source("29", folder), place)
    assert (place / "docker.list").read_text() == f"deb [trusted=yes] copy:{place}/packages ./\n"
    index = (place / "packages" / "Packages").read_text()
    assert {line for line in index.splitlines() if line.startswith("Package:")} == {f"Package: {name}" for name in VERSIONS}
    for line in (line for line in index.splitlines() if line.startswith("Filename:")):
        assert (place / "packages" / line.removeprefix("Filename: ./")).exists()
    assert any("docker.list" in option and "setup-hook" in option for option in options)
    assert any("rm -f" in option and "docker.list" in option and "customize-hook" in option for option in options)


# --- the recipe ---
def test_with_a_source_dockers_packages_take_the_place_of_debians(config, folder):
    plain, own = recipes.recipe(config, "host29"), recipes.recipe(replace(config, sources=(Source("29", folder),)), "host29")
    assert set(own.packages) ^ set(plain.packages) == {*packages.WANTED, "docker.io", "docker-cli", "docker-compose"}
    assert (own.suite, own.tree) == ("trixie", plain.tree)


def test_other_packages_in_the_directory_make_another_image(config, folder, tmp_path):
    one = replace(config, sources=(Source("29", folder),))
    before = names.key(one, "host29"), names.key(one, "host")
    repacked.build(tmp_path / "roots" / "docker-ce", folder, "docker-ce", "5:29.0.2-1")
    assert names.key(one, "host29") != before[0]
    assert names.key(one, "host") == before[1]
    assert names.key(replace(config, sources=(read_source("29", LINE),)), "host29") not in before


def test_ready_made_images_ask_no_source(config, folder, tmp_path):
    ready = replace(config, images_dir=tmp_path, sources=(Source("29", tmp_path / "none"),))
    assert recipes.recipe(ready, "host29").source is None


def test_a_version_of_debian_may_have_a_source_instead(config, folder):
    one = replace(config, engines=("28",), sources=(Source("28", folder),))
    assert recipes.recipe(one, "host28").source == Source("28", folder)
    assert recipes.recipe(one, "host28").suite == "trixie"
    assert recipes.recipe(config, "host28").suite == "sid"


# --- what apt says ---
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("W: GPG error: https://p.example.org/l trixie InRelease: … NO_PUBKEY 7EA0A9C3F273FCD8", "is not signed by a key"),
        ("E: The repository 'https://p.example.org/l trixie InRelease' is not signed.", "name the key with [signed-by="),
        ("E: Failed to fetch https://p.example.org/l/dists/trixie/InRelease  Could not connect", "does not answer"),
        ("E: The repository 'https://p.example.org/l trixie Release' does not have a Release file.", "does not answer"),
        ("Err: https://p.example.org/l trixie InRelease\n  Could not resolve 'p.example.org'", "does not answer"),
        ("E: Unable to locate package containerd.io", "has no containerd.io for this machine"),
        ("E: Package 'docker-ce' has no installation candidate", "has no docker-ce of version 29 for this machine"),
        ("The following packages have unmet dependencies:\n docker-ce : Depends: libc6 (>= 2.99)", "need others that"),
        ("E: Failed to fetch https://archive.example.org/debian/x.deb  404", ""),
        ("E: The repository 'https://archive.example.org/debian trixie InRelease' is not signed.", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_what_apt_says_of_the_repository_becomes_one_sentence(said, meant):
    source = read_source("29", LINE)
    told = packages.explain(source, said)
    assert meant in told
    assert bool(told) == bool(meant)
    assert "secret" not in told


def test_a_repository_on_this_machine_is_told_by_its_path():
    source = read_source("29", "deb [signed-by=/key] file:/srv/docker trixie stable")
    said = "E: The repository 'copy:/srv/docker trixie Release' does not have a Release file."
    assert "does not answer" in packages.explain(source, said)
    assert packages.explain(source, said.replace("docker", "debian")) == ""


@given(st.text(max_size=300))
def test_no_words_of_apt_break_the_sentence(said):
    for source in (read_source("29", LINE), read_source("29", "deb file:/srv trixie stable"), Source("29", Path("/srv"))):
        assert "\n" not in packages.explain(source, said)


# --- what came out ---
@pytest.mark.parametrize(
    ("told", "engine"),
    [
        ("docker-ce 5:29.0.1-1~debian.13\n", "29"),
        ("docker.io 28.5.2+dfsg4-5\n", "28"),
        ("docker-ce 5:30.1\ndocker.io 26.1", "30"),
    ],
)
def test_an_image_with_the_version_that_it_is_for_is_kept(told, engine):
    packages.check_built(engine, told, None, "sid")


@pytest.mark.parametrize("told", ["docker.io 29.1.0+dfsg1-1\n", "", "docker.io\n", "docker-ce 5:280.1-1"])
def test_when_debian_has_moved_on_the_image_is_not_called_by_the_old_number(told):
    with pytest.raises(NodeError, match=r"Debian's sid has .*, which is not Docker Engine 28\.") as caught:
        packages.check_built("28", told, None, "sid")
    assert "EXPLORER_ENGINE_SOURCES" in caught.value.detail


def test_a_build_whose_packages_are_of_another_version_leaves_no_image(config, monkeypatch):
    def command(config, name, target):
        return ["sh", "-c", f'for at; do case $at in *dpkg-query*) eval "${{at##*>}}"; esac; done; : >{target}; exit 0', "sh"]

    def asking(target):
        target.write_text("docker.io 27.5.1-1\n")
        return []

    monkeypatch.setattr(build, "command", command)
    monkeypatch.setattr(build, "_asking", asking)
    with pytest.raises(NodeError, match=r"has docker\.io 27\.5\.1-1, which is not Docker Engine 26\."):
        build.build_images(config, ["host"], lambda line: None)
    assert not names.tar(config, "host").exists()


def test_dpkg_is_asked_for_the_daemons_package_in_the_new_root(tmp_path):
    root = tmp_path / "root" / "var" / "lib" / "dpkg"
    root.mkdir(parents=True)
    (root / "status").write_text("Package: docker-ce\nStatus: install ok installed\nVersion: 5:29.0.1-1\nArchitecture: all\n\n")
    (option,) = build._asking(tmp_path / "version")
    subprocess.run(["sh", "-c", option.removeprefix("--customize-hook="), "sh", str(tmp_path / "root")], check=True)
    assert (tmp_path / "version").read_text() == "docker-ce 5:29.0.1-1\n"
