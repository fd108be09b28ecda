"""The commands that make the networks and containers of a seen sandbox again, and sentences about what cannot be made again.

Everything that a daemon says is under its learner's control, so it is hostile. Names outside Docker's grammar are refused,
addresses are parsed, every word is quoted for a shell, and counts and lengths are bounded. `{lan}` and `{lan.20}` stand for
the subnet of the sandbox's LAN and for an address on it, because the copy gets another subnet. No name can hold a brace.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from pydantic import BaseModel, ConfigDict, Field

from explorer.network.cause import NOT_DOCKER
from explorer.network.drivers import network_drivers
from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Endpoint, Snapshot
from explorer.network.read.docker import LENGTH
from explorer.network.scenario import StartWeather
from explorer.network.weather import ENDS, Weather, interfaces_of, read_weather

MOST_COMMANDS = 200
MOST_WORDS = 2_000  # characters of one command
MOST_SENTENCES = 60
OTHERS = 20  # lines that are not Docker's and that are named, in all
DOCKERS_OWN = ("bridge", "host", "none", "docker_gwbridge", "ingress")
IMAGES = {"box": "box", "box:latest": "box"}  # what every host has; an image made on a host stays there
NEVER = (
    "Never in a copy: processes started inside containers, files they wrote, what volumes hold, environment variables, and "
    "aliases that the daemon does not list."
)
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}", re.ASCII)
_OPTION = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}", re.ASCII)
_PLACE = re.compile(r"h[1-9]", re.ASCII)
_COUNTERS = re.compile(r"^\[\d+:\d+\] ", re.ASCII)  # packets and bytes before a rule
_LAN_WORD = re.compile(r"\{lan(?:\.(\d{1,3}))?\}", re.ASCII)
_DOCKERS_OPTIONS = ("com.docker.network.driver.overlay.vxlanid_list", "com.docker.network.bridge.name")


class Typed(BaseModel):
    """One command, quoted for a shell, and the place where it is typed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    place: str = Field(pattern=r"^h[1-9]$")
    command: str = Field(max_length=MOST_WORDS)


@dataclass
class Recreated:
    """`commands` in the order in which they have to be typed; `left_out` are sentences for people."""

    commands: list[Typed] = field(default_factory=list)
    weather: list[StartWeather] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def as_replay(self, of: str) -> dict[str, object]:
        """The value for `Sandbox.replay`. `of` is the sandbox that was seen."""
        told = {"commands": [one.model_dump() for one in self.commands], "left_out": self.left_out, "of": of}
        return {**told, "weather": [one.model_dump() for one in self.weather]} if self.weather else told


class Unfit(ValueError):
    """A network or container cannot be made again. `str()` says why and is the end of a sentence."""


def recreate(snapshot: Snapshot, lan: str, swarm: tuple[str, ...] = ()) -> Recreated:
    """The commands for this snapshot. `lan` is the subnet that the sandbox had. `swarm` are the hosts that are in a swarm
    from the beginning, the manager first."""
    made = Recreated()
    writer = _Writer(made, _subnet(lan), swarm)
    states = [state for host, state in sorted(snapshot.docker.items()) if _PLACE.fullmatch(host) and state.engine == "docker"]
    others = sorted(host for host, state in snapshot.docker.items() if state.engine != "docker")
    made.left_out += [f"What is on {host[:20]}, which has Podman." for host in others]
    for state in states:
        writer.look(state)
    for state in states:
        for network in sorted(state.networks, key=lambda one: (one.created, one.name)):
            writer.network(state.host, network)
    for state in states:
        for container in _in_order(state.containers):
            writer.container(state.host, container)
    _see_weather(snapshot, made)
    _name_others(snapshot, made)
    if any(state.containers for state in states):
        made.left_out.append(NEVER)
    _bound(made)
    return made


def with_addresses(word: str, lan: str) -> str:
    """The word with the addresses of the new sandbox's LAN filled in."""
    network = _subnet(lan)

    def address(found: re.Match[str]) -> str:
        if network is None:
            return found[0]
        number = int(found[1] or 0)
        if not found[1] or number >= network.num_addresses:
            return str(network)
        return str(network.network_address + number)

    return _LAN_WORD.sub(address, word)


def _bound(made: Recreated) -> None:
    if (more := len(made.commands) - MOST_COMMANDS) > 0:
        del made.commands[MOST_COMMANDS:]
        made.left_out.insert(0, f"The last {more} commands: a copy takes {MOST_COMMANDS} at most.")
    if (more := len(made.left_out) - MOST_SENTENCES) > 0:
        made.left_out[MOST_SENTENCES:] = [f"… and {more} things more."]


def _subnet(lan: str) -> IPv4Network | None:
    try:
        return IPv4Network(lan)
    except ValueError:
        return None


def _in_order(containers: tuple[DockerContainer, ...]) -> list[DockerContainer]:
    """Containers in the order in which they were made, so that Docker gives them the same addresses. A container that shares
    another's namespace comes after it."""

    def turn(one: DockerContainer) -> tuple[bool, float, tuple[int, ...]]:
        address = next((endpoint.address for endpoint in one.endpoints if endpoint.address), "")
        return one.network_mode.startswith("container:"), one.created, _sortable(address)

    return sorted(containers, key=turn)


def _sortable(address: str) -> tuple[int, ...]:
    return tuple(int(part) for part in address.split(".")) if re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", address, re.ASCII) else ()


def _see_weather(snapshot: Snapshot, made: Recreated) -> None:
    """The weather of links, as the kernel shows it, whoever made it. The far end of a cable gets it with the near one."""
    for place in snapshot.places.values():
        if place.kind == "namespace" or place.shares:
            continue
        for one in interfaces_of(place):
            weather = read_weather(place, one.name) if one.kind == "veth" and not one.master else Weather()
            if not _NAME.fullmatch(one.name) or (weather and weather.plain):
                continue
            if weather is None or len(made.weather) >= ENDS:
                made.left_out.append(f"What shapes {one.name} of {place.id[:60]!a}.")
            else:
                made.weather.append(StartWeather(place=place.id, interface=one.name, weather=weather))


def _name_others(snapshot: Snapshot, made: Recreated) -> None:
    """Sentences about lines that the kernel shows and that are not Docker's; they are often what is broken."""
    lines = dict.fromkeys(_other_lines(snapshot))
    for place, text in list(lines)[:OTHERS]:
        made.left_out.append(f"Not Docker's, in {place}: {text}")
    if len(lines) > OTHERS:
        made.left_out.append(f"… and {len(lines) - OTHERS} lines more that are not Docker's.")


def _other_lines(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for place in sorted(snapshot.places):
        for view in snapshot.places[place].views.values():
            for line in view.lines:
                if NOT_DOCKER in line.about:
                    yield place[:64], _COUNTERS.sub("", " ".join(line.text.split()))[:120]


class _Writer:
    """Writes the commands for one sandbox. What cannot be made again becomes a sentence; the rest is written all the same."""

    def __init__(self, made: Recreated, lan: IPv4Network | None, swarm: tuple[str, ...]) -> None:
        self.made, self.lan, self.swarm = made, lan, swarm
        self.networks: dict[str, dict[str, DockerNetwork]] = {}  # by host: those the copy has, by name
        self.names: dict[str, dict[str, str]] = {}  # by host: container id → name, of those the copy has
        self.next_address: dict[str, int] = {}

    def look(self, state: DockerState) -> None:
        if state.error:
            self.made.left_out.append(f"Everything Docker has on {state.host}: its daemon did not answer.")
        if any(network.name == "ingress" for network in state.networks) and state.host not in self.swarm:
            self.made.left_out.append(
                f"{state.host} is in a swarm; in the copy it is in none. Swarm networks and services stay away."
            )
        self.networks[state.host] = {one.name: one for one in state.networks if one.name in ("bridge", "host", "none")}
        self.names[state.host] = {}

    def network(self, host: str, network: DockerNetwork) -> None:
        if network.name in DOCKERS_OWN:
            return
        if network.driver == "overlay" and host != next(iter(self.swarm), host):
            self.networks[host][network.name] = network  # made on the manager; it appears here with a container
            return
        if self._attempt(host, f"Network {network.name!a:.60} on {host}", lambda: [self._create(network)]):
            self.networks[host][network.name] = network

    def container(self, host: str, container: DockerContainer) -> None:
        if self._attempt(host, f"Container {container.name!a:.60} on {host}", lambda: self._run(host, container)):
            self.names[host][container.id] = container.name

    def _attempt(self, host: str, what: str, write: Callable[[], list[list[str]]]) -> bool:
        try:
            commands = [shlex.join(words) for words in write()]
            if any(len(command) > MOST_WORDS for command in commands):
                raise Unfit("it is too long to type")
        except Unfit as why:
            self.made.left_out.append(f"{what}: {why}.")
            return False
        self.made.commands += [Typed(place=host, command=command) for command in commands]
        return True

    # --- networks ---

    def _create(self, network: DockerNetwork) -> list[str]:
        if network.driver not in network_drivers():
            raise Unfit(f"its driver {network.driver[:40]!a} is a plug-in, which the copy does not have")
        if network.driver == "overlay" and not self.swarm:
            raise Unfit("an overlay needs the swarm")
        words = ["docker", "network", "create", "--driver", network.driver]
        for name, values in (("subnet", network.subnets), ("ip-range", network.ranges)):
            words += [word for value in values for word in (f"--{name}", self._range(value))]
        words += [word for value in network.gateways for word in ("--gateway", self._address(value))]
        if any(":" in subnet for subnet in network.subnets):
            words.append("--ipv6")
        words += ["--internal"] if network.internal else []
        words += ["--attachable"] if network.attachable and network.driver == "overlay" else []
        return [*words, *_options(network), _name(network.name)]

    def _range(self, value: str) -> str:
        try:
            network: IPv4Network | IPv6Network = ip_network(value, strict=False)
        except ValueError:
            raise Unfit("its addresses are not to be read") from None
        if network == self.lan:
            return "{lan}"
        if self.lan and network.version == 4 and network.overlaps(self.lan):
            first = int(network.network_address) - int(self.lan.network_address)
            if network.prefixlen < self.lan.prefixlen:
                raise Unfit("it covers the LAN and more, and the copy has another LAN")
            return f"{{lan.{first}}}/{network.prefixlen}"
        return str(network)

    def _address(self, value: str) -> str:
        try:
            address = ip_address(value)
        except ValueError:
            raise Unfit("its addresses are not to be read") from None
        if self.lan and address.version == 4 and address in self.lan:
            return f"{{lan.{int(address) - int(self.lan.network_address)}}}"
        return str(address)

    # --- containers ---

    def _run(self, host: str, container: DockerContainer) -> list[list[str]]:
        name = _name(container.name)
        image = IMAGES.get(container.image)
        if image is None:
            raise Unfit(f"its image {container.image[:60]!a} is not one that every host has")
        if container.state not in ("running", "paused", "restarting", "created", "exited"):
            raise Unfit(f"it is {container.state[:20]!a}")
        words = [
            "docker",
            "create" if container.state == "created" else "run",
            *([] if container.state == "created" else ["-d"]),
        ]
        words += ["--name", name, *self._place(host, container)]
        words += [word for port in _published(container) for word in ("-p", port)]
        commands = [[*words, image, *_command(container)]]
        commands += self._others(host, container)
        if container.state == "exited":
            self.made.left_out.append(
                f"Container {name} on {host} is stopped: the daemon does not list its ports, so none are published."
            )
            commands.append(["docker", "stop", "-t", "1", name])
        return [*commands, *([["docker", "pause", name]] if container.state == "paused" else [])]

    def _place(self, host: str, container: DockerContainer) -> list[str]:
        """The first network of a container: another container's namespace, the host's, none, or a network."""
        mode = container.network_mode
        if mode.startswith("container:"):
            target = mode.removeprefix("container:")
            names = self.names[host]
            known = names.get(target) or (target if target in names.values() else "")
            if not known:
                raise Unfit("it lives in the namespace of a container that is not in the copy")
            return ["--network", f"container:{_name(known)}"]
        if mode in ("host", "none"):
            return ["--network", mode]
        first = self._first(container)
        if first is None:
            return ["--network", self._known(host, mode)]
        return ["--network", self._known(host, first.network), *self._fixed(host, container, first, "--network-alias")]

    def _first(self, container: DockerContainer) -> Endpoint | None:
        mode = "bridge" if container.network_mode == "default" else container.network_mode
        ends = container.endpoints
        return next((one for one in ends if one.network == mode), ends[0] if ends else None)

    def _others(self, host: str, container: DockerContainer) -> list[list[str]]:
        mode, first = container.network_mode, self._first(container)
        if mode.startswith("container:") or mode in ("host", "none"):
            return []
        if first is None:  # it was taken off the only network it had
            return [["docker", "network", "disconnect", self._known(host, mode), _name(container.name)]]
        return [
            [
                "docker",
                "network",
                "connect",
                *self._fixed(host, container, end, "--alias"),
                self._known(host, end.network),
                container.name,
            ]
            for end in container.endpoints
            if end is not first
        ]

    def _known(self, host: str, network: str) -> str:
        name = "bridge" if network in ("default", "") else network
        if name not in self.networks[host]:
            raise Unfit(f"its network {name[:60]!a} is not in the copy")
        return _name(name)

    def _fixed(self, host: str, container: DockerContainer, end: Endpoint, alias: str) -> list[str]:
        """The container's address, where Docker lets one be chosen, and its aliases."""
        words: list[str] = []
        if end.network == "bridge":
            self._default_address(host, container, end)
        elif end.address and container.state not in ("created", "exited"):
            words += ["--ip", self._address(end.address)]
        given = [one for one in end.aliases if one != container.name and not container.id.startswith(one)]
        return words + [word for one in given if _NAME.fullmatch(one) for word in (alias, one)]

    def _default_address(self, host: str, container: DockerContainer, end: Endpoint) -> None:
        """Notes in `left_out` that the copy gets another address on Docker's default network, where Docker chooses."""
        turn = self.next_address.get(host, 2)
        self.next_address[host] = turn + bool(end.address)
        default = self.networks[host].get("bridge")
        network = next((known for one in default.subnets if (known := _subnet(one))), None) if default else None
        if end.address and network is not None and end.address != str(network.network_address + turn):
            self.made.left_out.append(
                f"Container {container.name[:60]!a} on {host} had {end.address[:40]}; on Docker's default network the copy "
                "gets the next free one."
            )


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Unfit("its name is not one that Docker allows")
    return name


def _options(network: DockerNetwork) -> list[str]:
    words: list[str] = []
    for key, value in sorted(network.options.items()):
        if key in _DOCKERS_OPTIONS and (network.driver == "overlay" or value.startswith("br-")):
            continue
        if key == "parent" and value.startswith("dm-"):  # a parent that Docker made up
            continue
        if not _OPTION.fullmatch(key) or not value.isprintable() or _LAN_WORD.search(value):
            raise Unfit("one of its options is not to be read")
        words += ["--opt", f"{key}={value}"]
    return words


def _published(container: DockerContainer) -> list[str]:
    """The arguments of `-p`. Docker lists a port that is published on every address twice, for IPv4 and for IPv6."""
    ports = []
    for port in container.ports:
        if port.protocol not in ("tcp", "udp", "sctp"):
            raise Unfit("one of its ports is not to be read")
        where = "" if port.host_address in ("0.0.0.0", "::") else f"{_bracketed(port.host_address)}:"  # noqa: S104
        ports.append(f"{where}{port.host_port}:{port.container_port}/{port.protocol}")
    return list(dict.fromkeys(ports))


def _bracketed(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        raise Unfit("one of its ports is not to be read") from None
    return f"[{known}]" if known.version == 6 else str(known)


def _command(container: DockerContainer) -> list[str]:
    """The command that runs in the container, as the daemon's list tells it; empty when it is the image's own command or
    cannot be read."""
    try:
        words = shlex.split(container.command)
    except ValueError:
        return []
    if len(container.command) >= LENGTH or any(_LAN_WORD.search(word) for word in words):
        raise Unfit("its command cannot be read whole")
    return words
