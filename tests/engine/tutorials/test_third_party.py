"""Docker's pages "Docker Plugin API" and "Docker network driver plugins", followed on a real host with our own driver.

Their driver is a vendor's, fetched and installed; ours lies on the host. What they say of discovery, of activation on first
use, of errors and of asking again is what happens. Beyond them: a driver that ends, sleeps, or writes nonsense.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from explorer.lab.hosts.run import run_in
from explorer.network.model import Call
from tests.engine.eyes import watching

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]


@pytest.fixture
def opened(lab_config, open_one, engine_version):
    return open_one(engine=engine_version)


@pytest.fixture
def host(lab_config, opened):
    """Types on h1: (exit status, what was printed)."""

    def type_on(text: str) -> tuple[int, str]:
        out: list[bytes] = []
        status = run_in(lab_config, opened[0], "h1", ["sh", "-c", text], lambda _, data: out.append(data), 90)
        return status, b"".join(out).decode(errors="replace").strip()

    return type_on


def calls(eyes) -> list[Call]:
    views = eyes.places["h1"].views
    return [item for item in views["calls"].items if isinstance(item, Call)] if "calls" in views else []


async def test_a_driver_is_found_used_lost_and_found_again(lab_config, opened, host):
    async with watching(lab_config, *opened) as eyes:

        async def typed(text: str) -> tuple[int, str]:
            return await asyncio.to_thread(host, text)

        # A plugin that is not there: Docker retries for some seconds, then says that it found none.
        began = time.monotonic()
        status, said = await typed("docker network create -d lab mynet")
        assert status
        assert 'plugin "lab" not found' in said
        assert 5 < time.monotonic() - began < 60

        # Discovery is on first use, by a socket in the folder; no restart of the daemon. Activation comes first.
        assert (await typed("lab-driver start"))[0] == 0
        assert calls(eyes) == []
        assert (await typed("docker network create --driver lab mynet"))[0] == 0
        await eyes.until(lambda: len(calls(eyes)) >= 3 and calls(eyes)[2].seconds is not None)
        assert [call.method for call in calls(eyes)[:3]] == ["Activate", "GetCapabilities", "CreateNetwork"]
        bridge = f"lab-{(await typed('docker network inspect -f {{.Id}} mynet'))[1][:8]}"
        await eyes.until(lambda: eyes.interface("h1", bridge))
        assert any(said.startswith("lab answered CreateNetwork") for said in eyes.said)

        # The network is owned by the driver: subsequent commands that refer to it are sent to the plugin.
        assert (await typed("docker run -d --name one --network=mynet box"))[0] == 0
        assert (await typed("docker run -d --name two --network=mynet box"))[0] == 0
        assert (await typed("docker exec one curl -sm 3 two"))[0] == 0
        await eyes.until(lambda: [call.method for call in calls(eyes)].count("Join") == 2)
        lines = eyes.places["h1"].views["interfaces"].lines
        assert any(line.why.startswith("Holds the gateway of network mynet") for line in lines)

        # It dies. Packets pass; changes do not, after some seconds of asking again; the daemon itself goes on.
        await typed("pkill -9 -x lab-driver")
        assert (await typed("docker exec one curl -sm 3 two"))[0] == 0
        status, said = await typed("docker run -d --name three --network=mynet box")
        assert status == 125
        assert "failed to create endpoint three on network mynet" in said
        assert (await typed("docker run -d --name other box"))[0] == 0

        # It is back: the daemon needs no restart. What it had made, it takes away.
        assert (await typed("lab-driver start && docker start three"))[0] == 0
        assert (await typed("docker rm -f one two three other && docker network rm mynet"))[0] == 0
        await eyes.until(lambda: not eyes.interface("h1", bridge))
        assert "lab-" not in (await typed("iptables -S FORWARD"))[1]
        assert "cable-" not in (await typed("ip -o link"))[1]
        assert await typed("lab-driver stop; ls /run/docker/plugins") == (0, "lab has ended")


async def test_a_silent_driver_and_nonsense_leave_the_page_alive(lab_config, opened, host):
    async with watching(lab_config, *opened) as eyes:

        async def typed(text: str) -> tuple[int, str]:
            return await asyncio.to_thread(host, text)

        await typed("lab-driver start; docker network create -d lab mynet")
        await typed("pkill -STOP -x lab-driver")
        status, _ = await typed("timeout 3 docker network create -d lab slow")
        assert status == 124
        assert (await typed("docker network create bridged"))[0] == 0  # another driver's network
        await eyes.until(lambda: any(network.name == "bridged" for network in eyes.docker.networks))
        await typed("pkill -CONT -x lab-driver")
        await eyes.until(lambda: any(network.name == "slow" for network in eyes.docker.networks))

        # an address that answers HTTP and no JSON: /etc/docker/plugins is searched as well
        status, said = await typed(
            "cd /etc/docker; mkdir plugins; echo tcp://outside:80 >plugins/odd.spec; docker network create -d odd odd"
        )
        assert status
        assert "invalid character" in said

        # answers of every wrong kind: Docker's error, and the next network is made all the same
        for answer in ("<html>hello</html>", '{"Scope": 7}', '"x"', "[" * 5000, '{"Err": "' + "x" * 100_000 + '"}', "a\\000b"):
            await typed(f"cat > /tmp/answer <<'END'\n{answer}\nEND")
            status, said = await typed(NONSENSE + "docker network create -d odd odd; s=$?; kill $p; exit $s")
            assert status, (answer[:40], said[:300])
        assert (await typed("docker network create -d lab after"))[0] == 0
        await eyes.until(lambda: any(network.name == "after" for network in eyes.docker.networks))
        assert eyes.observer.alive()


NONSENSE = """
cat > /tmp/odd.py <<'END'
import http.server
class Odd(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = b'{"Implements": ["NetworkDriver"]}' if "Activate" in self.path else open("/tmp/answer", "rb").read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", 8099), Odd).serve_forever()
END
python3 /tmp/odd.py 2>/dev/null >/dev/null & p=$!
echo tcp://127.0.0.1:8099 >/etc/docker/plugins/odd.spec
sleep 0.5
"""

JOURNAL = "/run/lab-driver/calls.jsonl"
CALL = '{"driver": "<b>lab</b>", "call": "1-%d", "method": "<script>", "at": 1, "asked": {"x": "<img src=x>"}}'
HOSTILE = {
    "a link": f"ln -sfn /etc/shadow {JOURNAL}",
    "a link in the way": "cd /run; rm -rf lab-driver; mkdir way; echo x > way/calls.jsonl; ln -sfn /run/way lab-driver",
    "a FIFO": f"mkfifo {JOURNAL}",
    "a folder": f"mkdir {JOURNAL}",
    "a socket": f"python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"{JOURNAL}\")'",
    "a device": f"touch {JOURNAL}; mount --bind /dev/zero {JOURNAL}",
    "the kernel's log": f"touch {JOURNAL}; mount --bind /proc/kmsg {JOURNAL}",
}


@pytest.mark.parametrize("opened", ["26"], indirect=True)
async def test_a_hostile_journal_is_no_trouble(lab_config, opened, host):
    async with watching(lab_config, *opened) as eyes:

        async def typed(text: str) -> tuple[int, str]:
            return await asyncio.to_thread(host, text)

        async def shown():
            await asyncio.sleep(1.2)
            return eyes.places["h1"].views.get("calls")

        for what, made in HOSTILE.items():
            status, said = await typed(f"umount {JOURNAL} 2>/dev/null; rm -rf /run/lab-driver; mkdir /run/lab-driver; {made}")
            assert status == 0, (what, said)
            seen = await shown()
            assert seen is None or seen.lines == (), what
        await typed(f"umount {JOURNAL}; rm -rf /run/lab-driver; mkdir /run/lab-driver")

        # a hundred megabytes (mostly holes: a host's /run holds less), the last call whole; markup is text, junk is a line
        await typed(f"yes '{CALL % 1}' | head -c 4M > {JOURNAL}; truncate -s 100M {JOURNAL}")
        await typed(f"printf '\\n\\377\\376<junk>\\n{CALL % 2}\\n' >> {JOURNAL}")
        await eyes.until(lambda: calls(eyes) and calls(eyes)[-1].key.endswith("1-2:1.000"))
        assert calls(eyes)[-1].method == "<script>"
        assert len(eyes.places["h1"].views["calls"].lines) <= 40

        # somebody who writes without end is slowed down, and everything else goes on
        await typed(f"(for n in $(seq 2000); do echo '{CALL % 3}' >> {JOURNAL}; sleep 0.003; done) >/dev/null 2>&1 &")
        assert (await typed("docker network create bridged"))[0] == 0
        await eyes.until(lambda: any(network.name == "bridged" for network in eyes.docker.networks))
        assert eyes.observer.alive()
