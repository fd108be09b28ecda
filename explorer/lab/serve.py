"""The process that serves the node's own Docker engine.

It starts the engine in a network namespace of its own, imports the images and watches the engine. At the end it removes the
sandboxes, the processes, the mounts and the namespace. The engine's data (images, log) stay for the next start.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from pathlib import Path
from threading import Event, Thread
from types import FrameType

from explorer import priority
from explorer.environment import patient
from explorer.lab import cpu_weights, diskguard, images
from explorer.lab.config import LabConfig
from explorer.lab.engine import disks, ids, kernel, leftovers, runtime
from explorer.lab.engine.client import connect
from explorer.lab.errors import HostError, NodeError
from explorer.lab.hosts import lifecycle, stocking
from explorer.lab.hosts.seeds import import_images
from explorer.lab.images import lacking, nodes_nft
from explorer.lab.memory.guard import Guard
from explorer.network.engines import title

Say = Callable[[str], None]
START_SECONDS = patient(30)
STOP_SECONDS = patient(20)
WATCH_SECONDS = 0.2
AGAIN_SECONDS, LATER_SECONDS = 600.0, 3600.0  # until what could not be made is tried again: the first time, and then
LOOK_SECONDS, HURRY_SECONDS = 5.0, 1.0  # between two looks; the second when the disk is nearly full
_PR_SET_PDEATHSIG = 1


def wait_ready(config: LabConfig, seconds: float, alive: Callable[[], bool] = lambda: True) -> None:
    until = time.monotonic() + seconds
    while True:
        if config.socket.exists():
            try:
                connect(config).close()
                return
            except NodeError:
                pass
        if not alive() or time.monotonic() > until:
            raise NodeError("The node's engine did not start.", _last_words(config))
        time.sleep(0.05)


def run_engine(config: LabConfig, say: Say, ready: Callable[[], None]) -> int:
    """Runs in the foreground until SIGTERM or SIGINT. It first removes what a killed engine left. Returns an exit status: 1
    when the engine could not be served, with the reason given to `say`."""
    stop = _Stop()
    started = time.monotonic()
    _check_root_and_tools()
    lock = leftovers.claim(config)
    daemon: subprocess.Popen[bytes] | None = None
    further: Thread | None = None
    guarded = Event()
    try:
        leftovers.sweep(config)
        leftovers.forget_networks(config)
        leftovers.empty(config.socket.parent)
        kernel.prepare(config)
        runtime.prepare(config)
        if lack := ids.prepare(config):
            say(f"all sandboxes share one range of user ids: {lack}")
        if lack := disks.prepare(config):
            say(f"all sandboxes share the node's disk: {lack}")
        daemon = _start(config)
        process = daemon
        wait_ready(config, START_SECONDS, lambda: process.poll() is None and not stop)
        kernel.fence(config)
        _forget_sandboxes(config, say)
        say(f"engine {connect(config).version()['Version']} up in {time.monotonic() - started:.1f} s")
        _begin_hosts(config, stop, say)
        stocking.tidy(config)
        if not stop:
            ready()
        further = Thread(target=_add_engines, args=(config, stop, say), name="further engines")
        further.start()
        Thread(target=Guard(config, say).run, args=(guarded,), name="memory guard", daemon=True).start()
        Thread(target=cpu_weights.of(config).run, args=(guarded,), name="processor time", daemon=True).start()
        _watch(config, daemon, stop, say)
        return 0
    except NodeError as error:
        if stop:
            return 0
        say(f"{error} {error.detail}".strip())
        return 1
    finally:
        stop.asked = True
        guarded.set()
        if further:
            further.join(STOP_SECONDS)
        _end(config, daemon, say)
        lock.close()


def _forget_sandboxes(config: LabConfig, say: Say) -> None:
    """Removes the sandboxes of an earlier engine. One that cannot be removed yet does not keep this engine from starting."""
    try:
        lifecycle.close_everything(config)
    except NodeError as error:
        say(f"sandboxes of an earlier engine could not all be removed; another try follows. {error} {error.detail}".strip())


def _begin_hosts(config: LabConfig, stop: _Stop, say: Say) -> None:
    """Makes what the node needs, with hosts of the first version of Docker Engine that can be had. Raises NodeError when none
    can be had."""
    lacking.forget(config)
    if not any(_made(config, engine, stop, say, images.NEEDED) for engine in config.engines):
        why = lacking.reasons(config).get(config.engines[0], "it was interrupted")
        raise NodeError(f"There are no hosts with {' or '.join(map(title, config.engines))}: {why}")


def _made(config: LabConfig, engine: str, stop: _Stop, say: Say, beside: Sequence[str] = ()) -> bool:
    """Makes the hosts with this version of Docker Engine, and the images `beside` them, as far as they are not there. A failure
    is said, unless it is the same again, and kept for `labdoctor` and the panel."""
    names = [*beside, images.host(engine)]
    if stop:
        return False
    try:
        images.build_images(config, names, say, lambda: bool(stop))
        if not stop:
            import_images(config, names, say)
            nodes_nft.take(config, engine, say)
    except (NodeError, HostError, OSError) as error:
        if not stop and lacking.note(config, engine, str(error)):
            say(f"left out: hosts with {title(engine)}. {error} {getattr(error, 'detail', '')}".strip())
        return False
    lacking.note(config, engine, "")
    return not stop


def _add_engines(config: LabConfig, stop: _Stop, say: Say) -> None:
    """Makes hosts with further versions of Docker Engine while the node already serves. Those that are not there are tried
    again from time to time: a source may be down for a while, and a directory of packages may change."""
    for pause in chain((0.0, AGAIN_SECONDS), repeat(LATER_SECONDS)):
        if stop.within(pause):
            return
        for engine in config.engines:
            _made(config, engine, stop, say)


class _Stop:
    """False until the first SIGTERM or SIGINT, then True."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def within(self, seconds: float) -> bool:
        """Waits for so long, or until the signal; whether it came."""
        until = time.monotonic() + seconds
        while not self.asked and time.monotonic() < until:
            time.sleep(WATCH_SECONDS)
        return self.asked

    def __bool__(self) -> bool:
        return self.asked


def _check_root_and_tools() -> None:
    if os.geteuid() != 0:
        raise NodeError("The engine needs root.", "start it as root, or run the node as a container")
    missing = [tool for tool in ("dockerd", "containerd", "ip", "nsenter", "iptables") if not shutil.which(tool)]
    if missing:
        raise NodeError(f"Programs are missing on this node: {', '.join(missing)}.", "install docker.io, iproute2, iptables")


def _start(config: LabConfig) -> subprocess.Popen[bytes]:
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True)

    def die_with_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    (config.socket.parent / "daemon.json").write_text("{}\n")
    with open(log_file(config), "ab") as log:
        daemon = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{config.netns}", *arguments(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,
            env={"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "TMPDIR": str(config.engine_dir / "tmp")},
        )
    priority.give_group(daemon.pid, priority.AHEAD)  # terminals pass the engine; hosts do not inherit this
    return daemon


def arguments(config: LabConfig) -> list[str]:
    return [
        "dockerd",
        f"--data-root={config.engine_dir / 'data'}",
        f"--exec-root={config.socket.parent / 'exec'}",
        f"--pidfile={pid_file(config)}",
        f"--host=unix://{config.socket}",
        "--userns-remap=default",
        f"--cgroup-parent={config.cgroup}",
        "--exec-opt=native.cgroupdriver=cgroupfs",
        "--storage-driver=overlay2",
        f"--add-runtime={runtime.NAME}={runtime.script(config)}",
        "--bridge=none",
        "--ip-forward=false",
        "--log-driver=json-file",
        "--log-opt=max-size=1m",
        "--log-opt=max-file=1",
        "--shutdown-timeout=2",
        f"--config-file={config.socket.parent / 'daemon.json'}",  # our own file, not /etc/docker/daemon.json
    ]


def pid_file(config: LabConfig) -> Path:
    return config.socket.parent / "docker.pid"


def log_file(config: LabConfig) -> Path:
    return config.engine_dir / "engine.log"


def _watch(config: LabConfig, daemon: subprocess.Popen[bytes], stop: _Stop, say: Say) -> None:
    looked, guard = time.monotonic(), diskguard.Guard(config)
    while not stop:
        time.sleep(WATCH_SECONDS)
        if daemon.poll() is not None:
            raise NodeError("The node's engine ended by itself.", _last_words(config))
        if time.monotonic() - looked > (HURRY_SECONDS if diskguard.lacking(config) else LOOK_SECONDS):
            _look_after(config, guard, say)
            looked = time.monotonic()


def _look_after(config: LabConfig, guard: diskguard.Guard, say: Say) -> None:
    """Removes sandboxes whose time is over, and the biggest one when the disk is nearly full. It also works while no worker
    runs. Trouble with one of these does not keep it from the others."""

    def end_overdue() -> None:
        for name in lifecycle.end_overdue(config):
            say(f"sandbox {name} ended: its time was over and it had not ended itself")

    def relieve_disk() -> None:
        if full := guard.relieve():
            say(f"sandbox {full} ended: the disk was full and it took the most of it")

    for look in (end_overdue, relieve_disk, lambda: stocking.tidy(config)):
        try:
            look()
        except NodeError as error:
            say(f"{error} {error.detail}".strip())
        except Exception as error:  # a problem of one sandbox must not end the engine; the next look tries again
            say(f"looking after the sandboxes failed: {error!r}")


def _end(config: LabConfig, daemon: subprocess.Popen[bytes] | None, say: Say) -> None:
    if daemon is not None and daemon.poll() is None:
        try:
            lifecycle.close_everything(config)
        except Exception as error:  # whatever the error is, the daemon still has to be ended below
            say(f"hosts could not be removed in order ({error}); they end with the engine")
        daemon.terminate()
        try:
            daemon.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
    leftovers.sweep(config)
    leftovers.empty(config.socket.parent)
    if config.run_dir.is_dir() and os.listdir(config.run_dir) == [config.socket.parent.name]:  # no other part is here
        shutil.rmtree(config.run_dir, ignore_errors=True)


def _last_words(config: LabConfig) -> str:
    try:
        return log_file(config).read_bytes()[-2000:].decode(errors="replace").strip().rsplit("\n", 1)[-1]
    except OSError:
        return ""
