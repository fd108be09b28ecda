"""A Docker engine that holds everything in memory and runs nothing: enough of its API for the lab's own client.

What programs say is up to the test (`say`). How it misbehaves is set on it: see `MemoryEngine`.
"""

from __future__ import annotations

import itertools
import json
import re
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Said = tuple[int, bytes]  # exit status, standard output
HIJACKED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"


class Refused(Exception):
    """What the engine answers instead: (status, message)."""


class MemoryEngine:
    """`trouble` maps "METHOD path" (a regular expression) to the answers it gives, one after the other, before it works."""

    def __init__(self) -> None:
        self.containers: dict[str, dict[str, Any]] = {}
        self.networks: dict[str, dict[str, Any]] = {}
        self.volumes: dict[str, dict[str, Any]] = {}
        self.execs: dict[str, tuple[str, list[str], Said]] = {}
        self.ran: list[tuple[str, list[str]]] = []  # (hostname, words), in order
        self.asked: list[str] = []
        self.trouble: dict[str, list[tuple[int, str]]] = {}
        self.say: Callable[[str, list[str]], Said] = lambda host, words: (0, b'{"Version": "26.1.5"}')
        self.usage: dict[str, Any] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def made(self, kind: str) -> int:
        return Counter(line.split("?")[0] for line in self.asked)[f"POST /{kind}/create"]

    @property
    def holds(self) -> int:
        return len(self.containers) + len(self.networks) + len(self.volumes)

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        with self._lock:
            self.asked.append(f"{method} {path}")
            for sign, answers in self.trouble.items():
                if answers and re.fullmatch(sign, f"{method} {path}"):
                    raise Refused(*answers.pop(0))
            for (verb, shape), act in ROUTES.items():
                if verb == method and (found := re.fullmatch(shape, path)):
                    return act(self, query, body, *found.groups())
        raise Refused(404, f"no such call: {method} {path}")

    def identity(self) -> str:
        return f"{next(self._numbers):064x}"

    # --- networks ---
    def list_networks(self, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        return [one for one in self.networks.values() if fits(one["Labels"], query)]

    def make_network(self, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        made = {
            "Id": self.identity(),
            "Name": body["Name"],
            "Labels": body.get("Labels") or {},
            "Internal": body.get("Internal"),
            "IPAM": {"Config": (body.get("IPAM") or {}).get("Config") or []},
        }
        self.networks[made["Id"]] = made
        return made

    def show_network(self, query: dict[str, list[str]], body: dict[str, Any], name: str) -> Any:
        return find(self.networks, name)

    def remove_network(self, query: dict[str, list[str]], body: dict[str, Any], name: str) -> None:
        del self.networks[find(self.networks, name)["Id"]]

    def connect(self, query: dict[str, list[str]], body: dict[str, Any], name: str) -> None:
        network = find(self.networks, name)
        self._attach(find(self.containers, body["Container"]), network["Name"], body["EndpointConfig"])

    def _attach(self, container: dict[str, Any], network: str, endpoint: dict[str, Any]) -> None:
        address = endpoint["IPAMConfig"]["IPv4Address"]
        container["NetworkSettings"]["Networks"][network] = {"IPAddress": address, "Aliases": endpoint.get("Aliases")}

    # --- containers ---
    def list_containers(self, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        everything = query.get("all", ["0"])[0] not in ("0", "False", "false")
        return [
            one | {"State": "running" if one["State"]["Running"] else "exited", "Labels": one["Config"]["Labels"]}
            for one in self.containers.values()
            if fits(one["Config"]["Labels"], query) and (everything or one["State"]["Running"])
        ]

    def make_container(self, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        made: dict[str, Any] = {
            "Id": self.identity(),
            "Name": "/" + query["name"][0],
            "Config": {"Labels": body.get("Labels") or {}, "Hostname": body["Hostname"], "Env": body.get("Env")},
            "HostConfig": body["HostConfig"],
            "State": {"Running": False, "Pid": 0},
            "NetworkSettings": {"Networks": {}},
        }
        self.containers[made["Id"]] = made
        for network, endpoint in body["NetworkingConfig"]["EndpointsConfig"].items():
            self._attach(made, network, endpoint)
        return {"Id": made["Id"], "Warnings": []}

    def show_container(self, query: dict[str, list[str]], body: dict[str, Any], name: str) -> Any:
        return find(self.containers, name)

    def start(self, query: dict[str, list[str]], body: dict[str, Any], name: str) -> None:
        find(self.containers, name)["State"] = {"Running": True, "Pid": 4711}

    def remove_container(self, query: dict[str, list[str]], body: dict[str, Any], name: str) -> None:
        del self.containers[find(self.containers, name)["Id"]]

    # --- volumes and the rest ---
    def make_volume(self, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        self.volumes[body["Name"]] = {"Name": body["Name"], "Labels": body.get("Labels") or {}, "Mountpoint": "/nowhere"}
        return self.volumes[body["Name"]]

    def list_volumes(self, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        return {"Volumes": [one for one in self.volumes.values() if fits(one["Labels"], query)]}

    def remove_volume(self, query: dict[str, list[str]], body: dict[str, Any], name: str) -> None:
        if name not in self.volumes:
            raise Refused(404, f"no such volume: {name}")
        del self.volumes[name]

    def show_version(self, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        return {"ApiVersion": "1.41", "Version": "20.10"}

    def show_usage(self, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        return self.usage

    # --- programs ---
    def make_exec(self, query: dict[str, list[str]], body: dict[str, Any], name: str) -> Any:
        container = find(self.containers, name)
        if not container["State"]["Running"]:
            raise Refused(409, "it is not running")
        host, identity = container["Config"]["Hostname"], self.identity()
        self.ran.append((host, body["Cmd"]))
        self.execs[identity] = (host, body["Cmd"], self.say(host, body["Cmd"]))
        return {"Id": identity}

    def show_exec(self, query: dict[str, list[str]], body: dict[str, Any], name: str) -> Any:
        return {"Running": False, "ExitCode": self.execs[name][2][0]}


ROUTES: dict[tuple[str, str], Callable[..., Any]] = {
    ("GET", "/version"): MemoryEngine.show_version,
    ("GET", "/system/df"): MemoryEngine.show_usage,
    ("GET", "/networks"): MemoryEngine.list_networks,
    ("POST", "/networks/create"): MemoryEngine.make_network,
    ("POST", "/networks/([^/]+)/connect"): MemoryEngine.connect,
    ("GET", "/networks/([^/]+)"): MemoryEngine.show_network,
    ("DELETE", "/networks/([^/]+)"): MemoryEngine.remove_network,
    ("GET", "/containers/json"): MemoryEngine.list_containers,
    ("POST", "/containers/create"): MemoryEngine.make_container,
    ("GET", "/containers/([^/]+)/json"): MemoryEngine.show_container,
    ("POST", "/containers/([^/]+)/start"): MemoryEngine.start,
    ("POST", "/containers/([^/]+)/exec"): MemoryEngine.make_exec,
    ("GET", "/exec/([^/]+)/json"): MemoryEngine.show_exec,
    ("DELETE", "/containers/([^/]+)"): MemoryEngine.remove_container,
    ("POST", "/volumes/create"): MemoryEngine.make_volume,
    ("GET", "/volumes"): MemoryEngine.list_volumes,
    ("DELETE", "/volumes/([^/]+)"): MemoryEngine.remove_volume,
}


def find(things: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    for one in things.values():
        if name in (one["Id"], one["Name"].lstrip("/")):
            return one
    raise Refused(404, f"no such thing: {name}")


def fits(labels: dict[str, str], query: dict[str, list[str]]) -> bool:
    wanted = json.loads(query.get("filters", ["{}"])[0]).get("label", [])
    return all(labels.get(one.partition("=")[0]) == one.partition("=")[2] for one in wanted)


@contextmanager
def serving(engine: MemoryEngine, path: Path) -> Iterator[None]:
    """The engine answers on this socket."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def address_string(self) -> str:
            return ""

        def log_message(self, format: str, *words: Any) -> None:
            pass

        def do_it(self) -> None:
            asked = urlsplit(self.path)
            road = re.sub(r"^/v\d+\.\d+", "", asked.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            started = re.fullmatch(r"/exec/([^/]+)/start", road)
            if started:
                _, said = engine.execs[started[1]][2]
                head = struct.pack(">BxxxI", 1, len(said)) if said else b""
                self.wfile.write(HIJACKED + head + said)
                self.close_connection = True
                return
            try:
                told = engine.answer(self.command, road, parse_qs(asked.query), json.loads(text or b"{}"))
                self.tell(201 if self.command == "POST" else 200, told if told is not None else {})
            except Refused as refusal:
                status, message = refusal.args
                self.tell(status, {"message": message})

        def tell(self, status: int, body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = do_it

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    path.parent.mkdir(parents=True, exist_ok=True)
    with Server(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield
        server.shutdown()
