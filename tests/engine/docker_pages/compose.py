"""The page “Networking in Compose”."""

from __future__ import annotations

from functools import partial

from tests.engine.docker_pages.row import NO_INTERNET, Differs, Row, compose

COMPOSE = partial(Row, "Networking in Compose")
WEB_DB = (
    'services: {web: {image: box, ports: ["8000:80"]}, db: {image: box, environment: {PORT: "5432"}, ports: ["8001:5432"]}}'
)
LINKED = 'services: {web: {image: box, links: ["db:database"]}, db: {image: box}}'
THREE = (
    "services: {proxy: {image: box, networks: [frontend]}, app: {image: box, networks: [frontend, backend]}, "
    "db: {image: box, networks: [backend]}}\nnetworks: {frontend: {}, backend: {}}"
)
BOUND = (
    'services: {proxy: {image: box, ports: ["8000:80"], networks: [frontend]}}\nnetworks: {frontend: {driver: bridge, '
    "driver_opts: {com.docker.network.bridge.host_binding_ipv4: 127.0.0.1}}}"
)
OTHER_DRIVER = (
    "services: {db: {image: box, networks: [backend]}}\nnetworks: {backend: {driver: macvlan, driver_opts: {parent: eth0}, "
    "ipam: {config: [{subnet: 192.168.90.0/24}]}}}"
)
FIXED = (
    "services: {db: {image: box, networks: {backend: {ipv4_address: 172.30.5.7, ipv6_address: fd00:30:5::7}}}}\n"
    "networks: {backend: {enable_ipv6: true, ipam: {config: [{subnet: 172.30.5.0/24}, {subnet: fd00:30:5::/64}]}}}"
)
NAMED = "services: {proxy: {image: box, networks: [frontend]}}\nnetworks: {frontend: {name: custom_frontend}}"
DEFAULT = (
    "services: {web: {image: box}}\nnetworks: {default: {driver: bridge, driver_opts: {com.docker.network.driver.mtu: 1400}}}"
)
EXTERNAL = (
    "services: {web: {image: box, networks: [network1]}}\nnetworks: {network1: {name: my-pre-existing-network, external: true}}"
)
OVER_HOSTS = "services: {web: {image: box}}\nnetworks: {default: {driver: overlay}}"
LEAVE = ("cd /srv/myapp && docker compose down -t 0", "h2: docker swarm leave --force", "docker swarm leave --force")
SWARM = ("docker swarm init --advertise-addr $LAN.11 >/dev/null && docker swarm join-token -q worker",)
JOIN = ("h2: docker swarm join --token $SAID $LAN.11:2377",)
FIRST = ("db: {image: box}", "db: {image: box, environment: {NEW: yes}}")
KEPT_OPEN = (
    'services: {web: {image: box, command: ["sh", "-c", "sleep 2; socat -u TCP:db:9000 -; echo closed >/tmp/end; sleep 600"]}, '
    "db: {image: box, environment: {NEW: %s}, stop_grace_period: 0s, command: [socat, 'TCP-LISTEN:9000,fork', 'EXEC:sleep 600']}}"
).replace("'", '"')

ROWS = (
    COMPOSE(
        "Networking in Compose",
        "`docker compose up` makes one network for the app, of driver bridge, called after the directory",
        (compose("myapp", WEB_DB), "docker network ls --filter name=myapp --format '{{.Name}} {{.Driver}}'"),
        r"^myapp_default bridge$",
        note=NO_INTERNET,
        short=True,
    ),
    COMPOSE(
        "Networking in Compose",
        "each service's container joins that network",
        (compose("myapp", WEB_DB), "docker network inspect myapp_default --format '{{range .Containers}}{{.Name}} {{end}}'"),
        r"(?=.*myapp-web-1)(?=.*myapp-db-1)",
    ),
    COMPOSE(
        "Networking in Compose",
        "`--project-name` changes the project's name and so the network's",
        (compose("myapp", LINKED, "docker compose --project-name other up -d"), "docker network ls --format '{{.Name}}'"),
        r"(?m)^other_default$",
    ),
    COMPOSE(
        "Networking in Compose",
        "`COMPOSE_PROJECT_NAME` changes it too",
        (compose("myapp", LINKED, "COMPOSE_PROJECT_NAME=third docker compose up -d"), "docker network ls --format '{{.Name}}'"),
        r"(?m)^third_default$",
    ),
    COMPOSE(
        "Networking in Compose",
        "a container looks the other service up by its name and gets its address",
        (compose("myapp", WEB_DB), "docker exec myapp-web-1 curl -sm3 http://db:5432/"),
        r"I am .*:5432",
        short=True,
    ),
    COMPOSE(
        "Networking in Compose",
        "between services the container's port counts, not the host's",
        (compose("myapp", WEB_DB), "docker exec myapp-web-1 curl -sm3 http://db:8001/ || echo no"),
        r"^no$",
    ),
    COMPOSE(
        "Networking in Compose",
        "from the host, the host's port leads to it",
        (compose("myapp", WEB_DB), "curl -sm3 http://localhost:8001/"),
        r"I am .*:5432",
    ),
    COMPOSE(
        "Networking in Compose",
        "with a host port the service is reached from outside too",
        (compose("myapp", WEB_DB), "outside: curl -sm3 http://h1:8001/"),
        r"you are 10\.77\..* I am .*:5432",
    ),
    COMPOSE(
        "Update containers on the network",
        "`up` after a change replaces the container; the name leads to the new one",
        (
            compose("myapp", f"services: {{web: {{image: box}}, {FIRST[0]}}}"),
            compose("myapp", f"services: {{web: {{image: box}}, {FIRST[1]}}}"),
            "docker exec myapp-web-1 curl -sm3 http://db/; docker exec myapp-db-1 sh -c 'echo $NEW'",
        ),
        r"(?m)I am [\s\S]*^(yes|true)$",
    ),
    COMPOSE(
        "Update containers on the network",
        "the new container has another address, and the old address no longer works",
        (
            compose("myapp", f"services: {{web: {{image: box}}, {FIRST[0]}}}"),
            "docker exec myapp-db-1 hostname -i >/tmp/before",
            compose("myapp", f"services: {{web: {{image: box}}, {FIRST[1]}}}"),
            "[ $(docker exec myapp-db-1 hostname -i) = $(cat /tmp/before) ] && echo the same || echo another",
        ),
        r"^another$",
        always=Differs(
            r"^the same$", "Compose stops the old container before it starts the new one, and the engine gives out the lowest free address"
        ),
    ),
    COMPOSE(
        "Update containers on the network",
        "connections that are open to the old container are closed",
        (
            compose("myapp", KEPT_OPEN % '"1"'),
            "sleep 4",
            compose("myapp", KEPT_OPEN % '"2"'),
            "sleep 1; docker exec myapp-web-1 cat /tmp/end",
        ),
        r"^closed$",
    ),
    COMPOSE(
        "Link containers",
        "`links` gives a service a further name for another one",
        (compose("myapp", LINKED), "docker exec myapp-web-1 sh -c 'curl -sm3 http://db/; curl -sm3 http://database/'"),
        r"I am [\s\S]*I am ",
        short=True,
    ),
    COMPOSE(
        "Link containers",
        "links are not needed: every service reaches every other by its name",
        (compose("myapp", LINKED), "docker exec myapp-db-1 curl -sm3 http://web/"),
        r"I am ",
    ),
    COMPOSE(
        "Multi-host networking",
        "on a swarm, a project's network may be an overlay, which is made attachable",
        (
            *SWARM,
            *JOIN,
            compose("myapp", OVER_HOSTS),
            "docker network inspect myapp_default --format '{{.Driver}} {{.Attachable}}'",
        ),
        r"^overlay true$",
        undo=LEAVE,
    ),
    COMPOSE(
        "Multi-host networking",
        "over it, containers of several hosts reach each other",
        (*SWARM, *JOIN, compose("myapp", OVER_HOSTS), "h2: docker run --rm --network myapp_default box curl -sm5 --retry 3 http://web/"),
        r"I am ",
        undo=LEAVE,
    ),
    COMPOSE(
        "Specify custom networks",
        "services without a network in common do not reach each other",
        (compose("shop", THREE), "docker exec shop-proxy-1 curl -sm3 http://db/ || echo no"),
        r"^no$",
        short=True,
    ),
    COMPOSE(
        "Specify custom networks",
        "a service on both networks reaches both others",
        (compose("shop", THREE), "docker exec shop-app-1 sh -c 'curl -sm3 http://proxy/; curl -sm3 http://db/'"),
        r"I am [\s\S]*I am ",
    ),
    COMPOSE(
        "Specify custom networks",
        "a network takes options of its driver: here, ports are published on the loopback only",
        (compose("shop", BOUND), "docker port shop-proxy-1"),
        r"^80/tcp -> 127\.0\.0\.1:8000$",
    ),
    COMPOSE(
        "Specify custom networks",
        "a network may have another driver",
        (compose("shop", OTHER_DRIVER), "docker network inspect shop_backend --format '{{.Driver}}'; docker exec shop-db-1 hostname -i"),
        r"^macvlan\s+192\.168\.90\.",
        note="macvlan stands for the page's custom driver, which is no driver that exists",
    ),
    COMPOSE(
        "Specify custom networks",
        "a service may have fixed addresses, of IPv4 and of IPv6",
        (compose("shop", FIXED), "docker exec shop-db-1 ip -br addr show eth0"),
        r"(?=.*172\.30\.5\.7/24)(?=.*fd00:30:5::7/64)",
    ),
    COMPOSE(
        "Specify custom networks",
        "a network may have a name of its own instead of the project's and its key",
        (compose("shop", NAMED), "docker network ls --format '{{.Name}}'"),
        r"(?m)\A(?![\s\S]*shop_frontend)[\s\S]*^custom_frontend$",
    ),
    COMPOSE(
        "Configure the default network",
        "the entry `default` changes the settings of the app's network",
        (compose("myapp", DEFAULT), "docker exec myapp-web-1 ip link show eth0"),
        r" mtu 1400 ",
    ),
    COMPOSE(
        "Use an existing network",
        "an external network is used and none is made",
        (
            "docker network create my-pre-existing-network",
            compose("myapp", EXTERNAL),
            "docker network ls --format '{{.Name}}' | grep -c myapp_; docker inspect myapp-web-1 --format '{{json .NetworkSettings.Networks}}'",
        ),
        r"^0\s+\{\"my-pre-existing-network\":",
    ),
    COMPOSE(
        "Use an existing network",
        "Compose looks for that network, and does not make it",
        (compose("myapp", EXTERNAL, "docker compose up -d 2>&1 || true"),),
        r"my-pre-existing-network.*(could not be found|not found)",
    ),
)  # fmt: skip
