"""What is measured beside the product, on the same engine: raw `docker run`, a plain `ip monitor`, a plain exec."""

from __future__ import annotations

import os
import re
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from explorer.lab import images
from explorer.lab.config import LabConfig
from explorer.lab.engine.client import connect, session
from explorer.lab.hosts import lifecycle, run
from explorer.network.scenario import SCENARIOS


def config() -> LabConfig:
    """The stack's own; its settings are in the environment by now."""
    install = os.environ["EXPLORER_INSTALL"]
    return LabConfig(
        install=install,
        node=os.environ.get("EXPLORER_NODE", "node1"),
        engine_dir=Path(os.environ["EXPLORER_ENGINE_DIR"]),
        run_dir=Path(os.environ.get("EXPLORER_RUN", f"/run/docker-network-explorer/{install}")),
        cache_dir=Path(os.environ.get("EXPLORER_CACHE", "/var/cache/docker-network-explorer")),
    )


def raw_run(lab: LabConfig) -> float:
    """Seconds of `docker run` of the host image doing nothing."""
    image = images.tag(lab, images.HOST)
    argv = ["docker", "-H", f"unix://{lab.socket}", "run", "--rm", "--network", "none", "--entrypoint", "true", image]
    began = time.perf_counter()
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"docker run: {done.stderr[-500:]}")
    return time.perf_counter() - began


def bare_open(lab: LabConfig, name: str, scenario: str = "one-host") -> float:
    """Seconds until a sandbox is ready when the lab is asked directly: no web, no tasks, no observer."""
    began = time.perf_counter()
    lifecycle.open_sandbox(lab, name, 1, SCENARIOS[scenario], time.time() + 600, lambda phase, detail: None)
    took = time.perf_counter() - began
    lifecycle.close_sandbox(lab, name)
    return took


def namespaces_of(lab: LabConfig, sandbox: str) -> set[int]:
    """Inodes of the network namespaces of a sandbox: its containers', what runs in them, and those its mounts keep."""
    with session(lab) as client:
        found = client.api.containers(filters={"label": f"explorer.sandbox={sandbox}"})
        pids = [client.api.inspect_container(one["Id"])["State"]["Pid"] for one in found]
    inodes = set()
    for pid in pids:
        inodes.add(Path(f"/proc/{pid}/ns/net").stat().st_ino)
        inodes |= {int(inode) for inode in re.findall(r"net:\[(\d+)\]", Path(f"/proc/{pid}/mountinfo").read_text())}
    return inodes


def in_host(lab: LabConfig, sandbox: str, where: str, command: str) -> str:
    out: list[bytes] = []
    status = run.run_in(lab, sandbox, where, ["sh", "-c", command], lambda kind, data: out.append(data), 60)
    text = b"".join(out).decode(errors="replace")
    if status:
        raise RuntimeError(f"{command}: status {status}: {text[-500:]}")
    return text


def write_file(lab: LabConfig, sandbox: str, where: str, path: str, text: str) -> None:
    run.run_in(lab, sandbox, where, ["sh", "-c", 'cat >"$0"', path], lambda kind, data: None, 60, stdin=text.encode())


def start_program(lab: LabConfig, sandbox: str, where: str, script: str) -> None:
    """Starts a shell script that goes on by itself."""
    write_file(lab, sandbox, where, "/root/noise.sh", script)
    in_host(lab, sandbox, where, "setsid nohup bash /root/noise.sh >/dev/null 2>&1 </dev/null & sleep 0.1")


def process_in(netns: int) -> int:
    """Some process whose network namespace has this inode."""
    for path in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            if path.stat().st_ino == netns:
                return int(path.parts[2])
        except OSError:
            continue
    raise RuntimeError("nobody lives in that network namespace")


@contextmanager
def monitor(pid: int) -> Iterator[subprocess.Popen[bytes]]:
    """`ip monitor address` in that process's network namespace."""
    argv = ["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "monitor", "address"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, bufsize=0)
    time.sleep(0.3)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def heard(process: subprocess.Popen[bytes], word: bytes, seconds: float = 5.0) -> float:
    """When the monitor printed `word`."""
    assert process.stdout
    seen, until = b"", time.monotonic() + seconds
    while word not in seen:
        if not select.select([process.stdout], [], [], until - time.monotonic())[0]:
            raise RuntimeError("ip monitor saw nothing")
        seen += os.read(process.stdout.fileno(), 65536)
    return time.perf_counter()


def change_address(pid: int, verb: str, address: str) -> None:
    argv = ["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "addr", verb, address, "dev", "eth0"]
    subprocess.run(argv, check=True, capture_output=True)


def plain_echoes(lab: LabConfig, container: str, keys: list[bytes]) -> tuple[float, ...]:
    """Milliseconds from key to echo, each, of a shell over a plain exec of the engine."""
    client = connect(lab)
    try:
        made = client.api.exec_create(container, ["bash", "-l"], tty=True, stdin=True)
        stream: Any = client.api.exec_start(made["Id"], tty=True, socket=True)
        end: socket.socket = stream._sock
        _settle(end)
        found = tuple(_echo(end, key) for key in keys)
        end.sendall(b"\x15exit\r")
        stream.close()
        return found
    finally:
        client.close()


def _settle(end: socket.socket) -> None:
    end.settimeout(1.0)
    try:
        while end.recv(65536):
            pass
    except TimeoutError:
        end.settimeout(10)


def _echo(end: socket.socket, key: bytes) -> float:
    time.sleep(0.03)
    began = time.perf_counter()
    end.sendall(key)
    while key not in end.recv(65536):
        pass
    return (time.perf_counter() - began) * 1000


def memory_and_cpu(lab: LabConfig, container: str, seconds: float = 10.0) -> tuple[float, float]:
    """(MB as the engine counts them without file cache, percent of one core) of a container."""
    client = connect(lab)
    try:
        first = client.api.stats(container, stream=False, one_shot=True)
        time.sleep(seconds)
        last = client.api.stats(container, stream=False, one_shot=True)
    finally:
        client.close()
    memory = last["memory_stats"]
    stats = memory.get("stats", {})
    cache = stats.get("total_inactive_file", stats.get("inactive_file", 0))
    used = last["cpu_stats"]["cpu_usage"]["total_usage"] - first["cpu_stats"]["cpu_usage"]["total_usage"]
    return (memory["usage"] - cache) / 1e6, used / seconds / 1e9 * 100


def available() -> float:
    """MB this machine could still give to a program."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
    return int(found[1]) / 1000 if found else 0.0


@contextmanager
def sleeping(lab: LabConfig) -> Iterator[str]:
    """A container of the host image that only sleeps."""
    client = connect(lab)
    try:
        image = images.tag(lab, images.HOST)
        container = client.containers.run(
            image, entrypoint=["sleep", "infinity"], network_mode="none", detach=True, labels=lab.labels
        )
        try:
            yield str(container.id)
        finally:
            container.remove(force=True)
    finally:
        client.close()
