"""What a sandbox takes, from control groups of both versions as the kernel lays them out, and from ones a learner made up."""

import os

from hypothesis import given
from hypothesis import strategies as st

from explorer.lab import usage
from explorer.lab.usage import Usage, add_up

HOST, WEB, DB = "a" * 64, "b" * 64, "c" * 64


def version2(root, **files):
    group = root / HOST
    group.mkdir(parents=True)
    known = {
        "memory.current": "104857600\n",
        "memory.stat": "anon 5\ninactive_file 20971520\n",
        "cpu.stat": "usage_usec 2500000\n",
    }
    for name, text in {**known, **files}.items():
        (group / name).write_text(text)
    return group


def version1(root):
    memory, cpuacct, cpu = (root / name / HOST for name in ("memory", "cpuacct", "cpu"))
    for group in (memory, cpuacct, cpu):
        group.mkdir(parents=True)
    (memory / "memory.usage_in_bytes").write_text("52428800\n")
    (memory / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 10485760\n")
    (cpuacct / "cpuacct.usage").write_text("1500000000\n")
    (cpu / "cpu.stat").write_text("nr_periods 4\nnr_throttled 1\n")
    return [memory.parent, cpuacct.parent, cpu.parent]


def test_version_2_has_one_directory(tmp_path):
    group = version2(tmp_path)
    (group / "docker" / WEB).mkdir(parents=True)
    assert add_up([tmp_path], [HOST]) == Usage(memory=83886080, cpu=2.5, containers=1)


def test_version_1_has_one_per_controller(tmp_path):
    parents = version1(tmp_path)
    for parent in parents:
        (parent / HOST / "docker" / WEB).mkdir(parents=True)
    assert add_up(parents, [HOST]) == Usage(memory=41943040, cpu=1.5, containers=1)


def test_where_both_are_mounted_time_counts_once(tmp_path):
    parents = version1(tmp_path)
    unified = tmp_path / "unified"
    (unified / HOST).mkdir(parents=True)
    (unified / HOST / "cpu.stat").write_text("usage_usec 1500000\n")
    assert add_up([unified, *parents], [HOST]).cpu == 1.5


def test_systemds_names_count_too(tmp_path):
    group = version2(tmp_path)
    (group / "system.slice" / f"docker-{WEB}.scope").mkdir(parents=True)
    (group / "system.slice" / f"docker-{DB}.scope" / "below" / DB).mkdir(parents=True)
    assert add_up([tmp_path], [HOST]).containers == 2


def test_a_container_that_is_gone_takes_nothing(tmp_path):
    assert add_up([tmp_path], [HOST]) is None
    assert add_up([], [HOST]) is None


def test_links_are_not_followed(tmp_path):
    group = version2(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("99999999999\n")
    (group / "memory.current").unlink()
    (group / "memory.current").symlink_to(secret)
    (group / "elsewhere").symlink_to("/sys")
    assert add_up([tmp_path], [HOST]) == Usage(memory=0, cpu=2.5, containers=0)
    (tmp_path / DB).symlink_to(group)
    assert add_up([tmp_path], [DB]) is None


def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(tmp_path):
    group = version2(tmp_path)
    (group / "memory.current").unlink()
    os.mkfifo(group / "memory.current")
    assert add_up([tmp_path], [HOST]).memory == 0


def test_a_learner_who_makes_groups_by_the_thousand_is_not_counted_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(usage, "GROUPS_READ", 30)
    group = version2(tmp_path)
    for index in range(120):
        (group / f"{index:064x}").mkdir()
    assert add_up([tmp_path], [HOST]).containers == 30


def test_names_that_are_no_containers_are_not_looked_for(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(usage, "our_cgroups", lambda config: [tmp_path])
    monkeypatch.setattr(usage, "add_up", lambda parents, names: asked.extend(names))
    usage.read_usage(None, ["../../etc", HOST, "", "x" * 64, "A" * 64])
    assert asked == [HOST]


@given(st.binary(max_size=200))
def test_whatever_a_file_holds_the_answer_is_a_usage(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("groups")
    group = version2(root)
    for name in ("memory.current", "memory.stat", "cpu.stat"):
        (group / name).write_bytes(data)
    seen = add_up([root], [HOST])
    assert seen.memory >= 0
    assert seen.cpu >= 0
