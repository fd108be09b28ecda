"""The stand-ins, built and run: what the first page about each original shows works on a host.

They are built from Debian's archive, which takes minutes, so only `make test-stand-ins` runs this.
"""

import json
import time

import pytest

from explorer.lab.hosts import stand_ins, stocking
from explorer.lab.images import STAND_INS, built_again, shelf
from explorer.lab.images.archive import archive
from tests.engine.conftest import aside

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]
NAMES = ["nginx", "redis", "postgres", "alpine", "busybox"]
QUICK = 5.0  # less than the ten seconds after which Docker ends what has not ended by itself


@pytest.fixture(scope="module")
def shelved(lab_config):
    """All of them on the shelf, by name; taken off at the end."""

    def put():
        return {one.name: one for one in stand_ins.add(lab_config, stand_ins.choose(list(STAND_INS), NAMES), print)}

    there = aside(put)
    yield there
    for name in there:
        aside(stocking.remove, lab_config, name)


@pytest.fixture
def run(shelved, open_one, engine_version, shell):
    """Runs shell text on a host of each version of Docker Engine. Returns what it printed, and fails when it does."""
    name = open_one(engine=engine_version)[0]

    def text(words, status=0, timeout=90):
        ended, said = shell("h1", words, name, timeout)
        assert ended == status, said
        return said

    return text


def until(run, words, seconds=60):
    """Waits until the words work; what they printed, or, when they never did, what each container's log ends with."""
    logs = "for name in $(docker ps -aq); do docker logs --tail 30 $name 2>&1; done"
    loop = f"while [ $SECONDS -lt {seconds} ]; do {words} 2>&1 && exit 0; sleep 0.5; done"
    return run(f"{loop}; {logs}; exit 1", timeout=seconds + 30)


def seconds_to_stop(run, name):
    began = time.monotonic()
    run(f"docker stop {name}")
    return time.monotonic() - began


def test_nginx_serves_a_page_that_says_what_it_is(run):
    run("docker run -d --name web -p 8080:80 nginx")
    page = until(run, "curl -sf http://127.0.0.1:8080/")
    assert "<h1>Welcome to nginx!</h1>" in page
    assert "a stand-in for the image nginx. It is made of Debian's package nginx 1." in page
    assert "is not the image that Docker Hub has" in page
    assert '"GET / HTTP/1.1" 200' in run("docker logs web 2>/dev/null"), "on standard output"
    run("curl -s http://127.0.0.1:8080/none")
    assert "No such file or directory" in run("docker logs web 2>&1 >/dev/null"), "on standard error"
    assert "Welcome to nginx!" in run("docker exec web curl -s 'http://[::1]/'"), "by IPv6 too"
    run("docker exec web nginx -t")
    assert seconds_to_stop(run, "web") < QUICK
    assert run("docker inspect web --format '{{.State.ExitCode}}'") == "0\n"


def test_nginx_serves_what_is_mounted(run):
    run("mkdir -p /srv/pages && echo mine >/srv/pages/index.html")
    run("docker run -d --name web -p 8081:80 -v /srv/pages:/usr/share/nginx/html:ro nginx")
    assert until(run, "curl -sf http://127.0.0.1:8081/") == "mine\n"


def test_redis_answers_here_and_from_another_container(run):
    run("docker network create shop && docker run -d --name store --network shop redis")
    assert until(run, "docker exec store redis-cli ping").endswith("PONG\n")
    assert run("docker run --rm --network shop redis redis-cli -h store set a b") == "OK\n"
    assert "Ready to accept connections" in run("docker logs store")
    assert seconds_to_stop(run, "store") < QUICK
    run("docker start store")
    assert until(run, "docker exec store redis-cli get a").endswith("b\n"), "kept in /data"
    run("docker run -d --name other redis --port 7000 --requirepass x")
    assert until(run, "docker exec other redis-cli -p 7000 -a x ping").endswith("PONG\n")


def test_postgres_asks_for_a_password_and_listens_for_everybody(run):
    said = run("docker run --rm postgres", status=1)
    assert said.strip().count("\n") == 0
    assert "start it with -e POSTGRES_PASSWORD=…" in said
    run("docker network create shop")
    run("docker run -d --name db --network shop -e POSTGRES_PASSWORD=x -e POSTGRES_DB=goods postgres")
    ask = "docker run --rm --network shop -e PGPASSWORD={} postgres psql -h db -U postgres goods -Atc 'select 6 * 7'"
    assert until(run, ask.format("x")).endswith("42\n")
    assert "password authentication failed" in run(ask.format("y"), status=2)
    assert "listening on IPv4 address" in run("docker logs db 2>&1")
    assert run("docker exec db psql -U postgres -Atc 'show listen_addresses'") == "*\n"
    run("docker exec -d db psql -U postgres -c 'select pg_sleep(60)'")  # a client that would be waited for
    assert seconds_to_stop(run, "db") < QUICK
    run("docker start db")
    assert until(run, ask.format("x")).endswith("42\n"), "it is made only once"


def test_postgres_trusts_everybody_when_it_is_told_to(run):
    run("docker run -d --name db -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust -e POSTGRES_USER=ann postgres")
    ask = "docker run --rm --network host postgres psql -h 127.0.0.1 -U ann -Atc 'select current_database()'"
    assert until(run, ask).endswith("ann\n")


def test_alpine_and_busybox_are_a_shell_with_tools(run):
    assert run("echo 'echo $((6 * 7)); hostname; exit' | docker run -i --rm --hostname here alpine sh") == "42\nhere\n"
    assert run("docker run --rm alpine cat /etc/os-release | grep stand-in")
    assert "not Alpine" in run("docker run --rm alpine apk add curl", status=1)
    run("docker network create shop && docker run -dit --name one --network shop alpine ash")
    assert "0% packet loss" in run("docker run --rm --network shop busybox ping -c 2 one")
    run("docker run -d --name web --network shop nginx")
    assert "Welcome to nginx!" in until(run, "docker exec one wget -qO- http://web/")
    assert "/dev/pts/" in run("script -qec 'docker run -it --rm alpine sh -c tty' /dev/null")


def test_each_says_in_its_labels_that_it_is_a_stand_in(run):
    for name, one in STAND_INS.items():
        for reference in (name, *one.answers_to):
            labels = json.loads(run(f"docker image inspect {reference} --format '{{{{json .Config.Labels}}}}'"))
            assert labels["org.opencontainers.image.title"] == f"{name}, a stand-in"
            assert labels["explorer.stand-in"] == ",".join(one.answers_to)


def test_a_pull_that_cannot_work_lists_them_as_what_they_are(run):
    said = run("docker run --rm mysql", status=125)
    assert "images that are here: box, alpine:latest (a stand-in), busybox:latest (a stand-in)" in said
    assert "web-server:latest (a stand-in)" in said


@pytest.mark.parametrize("name", STAND_INS)
def test_the_same_packages_make_the_same_image(lab_config, shelved, tmp_path, name):
    first, again = built_again(lab_config, name)
    assert first == again
    with archive(lab_config, name) as path:
        put = aside(stocking.add, lab_config, f"{name}-again", str(path), print)
    aside(stocking.remove, lab_config, f"{name}-again")
    assert put.id == shelved[name].id
    assert put.stand_in


def test_names_that_are_left_out_are_taken_back(lab_config, shelved, open_one, shell):
    assert "alpine:latest (a stand-in)" in shelf.references(lab_config)
    aside(lambda: list(stand_ins.add(lab_config, {"small-shell": []}, print)))
    assert "alpine:latest (a stand-in)" not in shelf.references(lab_config)
    name = open_one()[0]
    assert shell("h1", "docker run --rm small-shell echo here", name) == (0, "here\n")
    assert shell("h1", "docker run --rm alpine true", name)[0] == 125
