"""Docker's own tutorial "networking using the host network", step by step on a sandbox, on every engine version there is.

The image is `box` where Docker's says nginx: both answer on port 80. `ss` stands for netstat. The rest is the same.
"""

from __future__ import annotations

import re

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]


@pytest.fixture
def host(engine_version, open_with):
    return open_with(engine_version)


def test_the_container_answers_at_the_hosts_own_port(host):
    before = host("ip -brief link")
    host("docker run --rm -d --network host --name my_web box")
    assert "you are 127.0.0.1" in host("curl -s http://127.0.0.1:80/")
    assert host("ip -brief link") == before  # no interface was made
    process = re.search(r":80 .*pid=(\d+)", host("ss -tulpn"))
    assert process
    assert process[1] in host("docker top my_web -o pid")  # who listens is a process of the container
    host("docker container stop my_web")
    assert "my_web" not in host("docker ps -a")  # --rm
    assert ":80 " not in host("ss -tulpn")


def test_published_ports_are_discarded_with_a_warning(host):
    said = host("docker run -d --network host -p 8080:80 --name warned box 2>&1")
    assert "Published ports are discarded when using host network mode" in said
    assert host("docker port warned") == ""
    assert "8080" not in host("iptables-save; ss -tlnp")


def test_the_warning_goes_to_who_started_it_and_nowhere_else(host):
    host("docker run -d --network host -p 8080:80 --name warned box 2>/dev/null")
    assert "discarded" not in host("docker logs warned 2>&1")
