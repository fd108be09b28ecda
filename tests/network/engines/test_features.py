"""The questions to a host about its Docker Engine: what the program asks, and how its answers are read."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.engines import features
from explorer.network.engines.features import FEATURES, NAMES, in_words, read_answers, script

OLD = {  # a host as Docker Engine 26 makes it, in what the program asks
    "docker": """case "$*" in
*"network inspect asked"*) echo 0123456789abcdef ;;
*gw-priority*|*"--ipv6 six"*|*ipv4=false*) exit 125 ;;
*"inspect onmac"*) echo 10.254.9.1 ;;
esac""",
    "curl": """case "$*" in
*containers*) echo '{"NetworkSettings": {"IPAddress": "172.17.0.2", "Networks": {}}}' ;;
*) echo '{"Driver": "overlay2"}' ;;
esac""",
    "iptables-save": "printf ':DOCKER - [0:0]\\n:DOCKER-ISOLATION-STAGE-1 - [0:0]\\n'",
    "ip6tables-save": "true",
    "nft": "exit 1",
}
NEW = OLD | {  # and one with what the documentation says of 29, with the nftables backend
    "docker": """case "$*" in
*nonsense*) exit 1 ;;
*"network inspect asked"*) echo 0123456789abcdef ;;
*"-d macvlan"*) exit 1 ;;
esac""",
    "curl": """case "$*" in
*containers*) echo '{"NetworkSettings": {"Networks": {"other": {"GwPriority": 7}}}}' ;;
*) echo '{"FirewallBackend": {"Driver": "nftables"}, "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}' ;;
esac""",
    "iptables-save": "true",
    "nft": """printf 'ip daddr 127.0.0.1 tcp dport 8099 drop\\nip daddr 172.18.0.2 iifname != "br-0123456789ab" drop\\n'""",
}


@pytest.fixture
def answer(tmp_path: Path):
    """Runs the program beside these substitutes for a host's programs."""

    def run(programs: dict[str, str]) -> subprocess.CompletedProcess[str]:
        for name, text in programs.items():
            path = tmp_path / name
            path.write_text(f"#!/bin/bash\n{text}\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        return subprocess.run(["bash", "-c", script()], check=False, capture_output=True, text=True, env=env, timeout=60)

    return run


def test_a_host_of_old_says_no_to_what_came_later(answer):
    found = read_answers(answer(OLD).stdout)
    assert {name for name, is_so in found.items() if is_so} == {"isolation-stages", "macvlan-gateway", "old-address-fields"}
    assert found.keys() == NAMES.keys()


def test_a_new_host_with_the_other_backend(answer):
    found = read_answers(answer(NEW).stdout)
    assert {name for name, is_so in found.items() if is_so} >= {
        *("backend-told", "nftables", "loopback-closed", "direct-closed", "gateway-modes", "isolated", "ipv6-alone"),
        *("ipv6-only", "gateway-priority", "containerd-store"),
    }
    assert [found[name] for name in ("forward-chain", "isolation-stages", "internal-chain", "old-address-fields")] == [
        False
    ] * 4
    assert found["macvlan-gateway"] is None, "where no such network can be made, nothing is known"


def test_a_host_that_cannot_run_a_container_answers_nothing(answer):
    done = answer(OLD | {"docker": "exit 1"})
    assert (done.returncode, done.stdout) == (1, "")


def test_no_test_of_one_feature_is_another_s(answer):
    assert len({feature.test for feature in FEATURES}) == len(FEATURES) == len(NAMES)
    assert all(feature.about and "\n" not in feature.about for feature in FEATURES)


@given(st.lists(st.one_of(st.text(max_size=50), st.sampled_from(["nftables yes", "nftables no", "nftables unknown", "x yes"]))))
def test_what_a_host_prints_gives_known_names_and_plain_answers_only(lines):
    found = read_answers("\n".join(lines))
    assert found.keys() <= NAMES.keys()
    assert set(found.values()) <= {True, False, None}


def test_answers_in_words_stand_in_the_tables_order():
    found = {"nftables": True, "backend-told": True, "isolated": False, "ipv6-only": None}
    assert in_words(found, True) == [features.NAMES["backend-told"].about, features.NAMES["nftables"].about]
    assert in_words(found, False) == [features.NAMES["isolated"].about]
    assert in_words(found, None)[-1] != "", "what was not answered counts as unknown"
