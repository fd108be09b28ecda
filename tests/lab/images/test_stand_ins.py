"""What stand-ins are made of, how Docker runs them, and what their start scripts do with words and variables."""

import json
import os
import subprocess
import tarfile

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.images import archive, names, recipes
from explorer.lab.images.build import digest
from explorer.lab.images.stand_ins import LABEL, STAND_INS, settings

SCRIPT = "usr/local/bin/docker-entrypoint.sh"
SUBSTITUTES = {  # programs of the image: they say how they were called
    "redis-server": 'echo "redis-server $*"',
    "gosu": 'shift; exec "$@"',
    "postgres": 'echo "postgres $*"',
    "psql": 'echo "psql $*"',
    "pg_ctl": ":",
    "initdb": 'echo 17 >"$PGDATA/PG_VERSION"; echo "initdb $*"; for at; do case $at in *pwfile=*) cat "${at#*=}";; esac; done',
    "id": "echo 999",  # not root
}


@pytest.fixture
def config(tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    return LabConfig("t", "node1", tmp_path, tmp_path / "run", cache)


@pytest.fixture
def start(tmp_path):
    """Runs the start script of a stand-in with these words, between programs that only say how they were called."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in SUBSTITUTES.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    (tmp_path / "data").mkdir()

    def run(name, *words, **variables):
        environment = {"PATH": f"{programs}:{os.environ['PATH']}", "PGDATA": str(tmp_path / "data"), **variables}
        argv = ["sh", str(recipes.HERE / name / SCRIPT), *words]
        done = subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines(), done.stderr

    return run


def extracted(path, **files):
    """A root file system as mmdebstrap would leave it, which holds these files."""
    root = path.parent / "root"
    root.mkdir()
    for name, text in files.items():
        (root / name).write_text(text)
    subprocess.run(["tar", "-C", str(root), "--mtime=@1", "--sort=name", "-cf", str(path), "."], check=True)


def told(path):
    with tarfile.open(path) as opened:
        manifest = json.load(opened.extractfile("manifest.json"))
        config = json.load(opened.extractfile(manifest[0]["Config"]))
        with tarfile.open(fileobj=opened.extractfile(manifest[0]["Layers"][0])) as layer:
            return manifest, config, layer.getnames()


def test_the_archive_is_one_that_docker_loads_and_the_same_each_time(config):
    extracted(names.tar(config, "web-server"), here="packages")
    with archive.archive(config, "web-server") as path:
        first = path.read_bytes()
        manifest, image, files = told(path)
    assert not path.exists()
    assert manifest[0]["RepoTags"] is None
    assert image["config"]["ExposedPorts"] == {"80/tcp": {}}
    assert image["rootfs"]["diff_ids"][0].startswith("sha256:")
    assert {"./here", SCRIPT} <= set(files), "the packages' files and our own"
    with archive.archive(config, "web-server") as path:
        assert path.read_bytes() == first


def test_the_digest_is_the_layers(config, tmp_path):
    extracted(names.tar(config, "small-shell"))
    with archive.archive(config, "small-shell") as path, tarfile.open(path) as opened:
        (tmp_path / "layer").write_bytes(opened.extractfile("layer.tar").read())
        assert told(path)[1]["rootfs"]["diff_ids"] == [f"sha256:{digest(tmp_path / 'layer')}"]


@pytest.mark.parametrize("name", STAND_INS)
def test_its_labels_say_what_it_is_and_what_it_is_not(name):
    labels = settings(name)["Labels"]
    assert "a stand-in" in labels["org.opencontainers.image.title"]
    assert f"Debian's {STAND_INS[name].package}" in labels["org.opencontainers.image.description"]
    assert "is not the image of that name" in labels["org.opencontainers.image.description"]
    assert labels[LABEL] == ",".join(STAND_INS[name].answers_to)


@pytest.mark.parametrize("name", STAND_INS)
def test_it_is_made_of_the_package_that_it_names(config, name):
    made = recipes.recipe(config, name)
    assert STAND_INS[name].package in made.packages
    assert made.finishes[0].name == "stand-in.finish"
    for script in (
        *made.finishes,
        *(home / file for home, files in made.tree.items() for file in files if "bin" in file.parts),
    ):
        assert script.stat().st_mode & 0o111, script
        subprocess.run(["sh", "-n", str(script)], check=True)
    assert settings(name).get("Entrypoint", ["docker-entrypoint.sh"]) == ["docker-entrypoint.sh"]
    assert ("Entrypoint" in settings(name)) == (recipes.HERE / name / SCRIPT).exists()


def test_no_original_has_two_stand_ins():
    originals = [other for one in STAND_INS.values() for other in one.answers_to]
    assert len(originals) == len(set(originals))


# --- redis ---
@pytest.mark.parametrize(
    ("words", "run"),
    [
        (["redis-server"], "redis-server --protected-mode no"),
        (["--port", "7000"], "redis-server --protected-mode no --port 7000"),
        (["redis-server", "--version"], "redis-server --version"),
        (["open.conf"], "redis-server open.conf --protected-mode no"),
        (["redis-server", "closed.conf"], "redis-server closed.conf"),
        (["echo", "hello"], "hello"),
    ],
)
def test_what_the_key_value_store_is_started_with(start, tmp_path, words, run):
    (tmp_path / "open.conf").write_text("port 7000\n")
    (tmp_path / "closed.conf").write_text("protected-mode yes\n")
    assert start("key-value", *words) == (0, [run], "")


# --- postgres ---
def test_a_database_without_a_password_does_not_start(start, tmp_path):
    status, said, sentence = start("database", "postgres")
    assert (status, said) == (1, [])
    assert sentence.count("\n") == 1
    assert "start it with -e POSTGRES_PASSWORD=…" in sentence
    assert not (tmp_path / "data" / "PG_VERSION").exists()


def test_a_database_is_made_once(start, tmp_path):
    status, said, _ = start("database", "postgres", POSTGRES_PASSWORD="secret")
    assert status == 0
    assert "--username=postgres --pwfile=" in said[0]
    assert (said[1], said[-1].strip()) == ("secret", "postgres")
    assert "host all all all scram-sha-256" in (tmp_path / "data" / "pg_hba.conf").read_text()
    assert start("database", "postgres") == (0, ["postgres "], ""), "what was made needs no password any more"


def test_a_database_of_another_name_and_user_that_trusts_everybody(start, tmp_path):
    wanted = {"POSTGRES_USER": "ann", "POSTGRES_DB": "shop", "POSTGRES_HOST_AUTH_METHOD": "trust"}
    status, said, _ = start("database", "-c", "max_connections=9", **wanted)
    assert status == 0
    assert "--username=ann" in said[0]
    assert "pwfile" not in said[0]
    assert any(line.endswith("-U ann -d postgres --set db=shop") for line in said)
    assert said[-1] == "postgres -c max_connections=9"
    assert "host all all all trust" in (tmp_path / "data" / "pg_hba.conf").read_text()


def test_a_password_may_lie_in_a_file_and_other_programs_need_none(start, tmp_path):
    (tmp_path / "secret").write_text("from a file\n")
    assert "from a file" in start("database", "postgres", POSTGRES_PASSWORD_FILE="secret")[1]
    assert start("database", "echo", "hello") == (0, ["hello"], "")
    assert start("database", "postgres", "--version") == (0, ["postgres --version"], "")


def test_small_shell_has_no_packages_to_add():
    done = subprocess.run(
        ["sh", str(recipes.HERE / "small-shell/usr/local/bin/apk"), "add", "curl"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "a stand-in made of Debian's busybox, and not Alpine" in done.stderr
