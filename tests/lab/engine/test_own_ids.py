"""User ids of its own for each sandbox: no two share one, and real mounts where we are root."""

import os
from pathlib import Path

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.engine import ids, own_ids

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@pytest.fixture
def config(tmp_path):
    (tmp_path / "run" / "engine").mkdir(parents=True)
    (tmp_path / "engine" / "tmp").mkdir(parents=True)
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


def test_two_sandboxes_never_share_an_id(config):
    firsts = [ids.first_id(config, f"10.77.{number}.0/24") for number in range(256)]
    assert len({first // own_ids.COUNT for first in firsts}) == 256
    assert all(first >= 2**30 and first + own_ids.COUNT <= 2**31 for first in firsts)
    assert all(first % own_ids.COUNT == 0 for first in firsts)


def test_another_installation_has_a_block_of_its_own(config):
    other = LabConfig("other", "node", config.engine_dir, config.run_dir, config.cache_dir)
    ours = {ids.first_id(config, f"10.77.{number}.0/24") for number in range(256)}
    assert ours.isdisjoint(ids.first_id(other, f"10.77.{number}.0/24") for number in range(256))


def test_where_owners_cannot_be_mapped_all_share_dockers_range(config, monkeypatch):
    def refuses(folder, root):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(own_ids, "rehearse", refuses)
    monkeypatch.setattr(ids, "remapped_root", lambda: (200_000, 200_001))
    assert "does not map owners" in ids.prepare(config)
    assert not ids.in_use(config)
    assert ids.root_of(config, "10.77.4.0/24") == (200_000, 200_001)


def test_where_they_can_each_has_its_own(config, monkeypatch):
    monkeypatch.setattr(own_ids, "rehearse", lambda folder, root: None)
    monkeypatch.setattr(ids, "remapped_root", lambda: (200_000, 200_000))
    assert ids.prepare(config) == ""
    assert ids.in_use(config)
    first = ids.first_id(config, "10.77.4.0/24")
    assert ids.root_of(config, "10.77.4.0/24") == (first, first)


@needs_root
def test_it_works_on_this_machine_and_leaves_nothing(tmp_path):
    tmp_path.chmod(0o711)
    own_ids.rehearse(str(tmp_path), (200_000, 200_000))
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
