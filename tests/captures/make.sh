#!/usr/bin/env bash
# Remakes the captures of the bridge driver from an empty machine; see README.md beside this file.
#   tests/captures/make.sh [trixie|sid] [CACHE]     trixie: Engine 26 -> bridge/, sid: Engine 28 -> bridge-28/
# Needs: root on Debian 12, docker.io, iproute2, iptables, conntrack, mmdebstrap, debian-archive-keyring. About a minute.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
suite=${1:-trixie} cache=${2:-/var/tmp/explorer-captures} ns=captures-$$
into=$here/bridge; [ "$suite" = sid ] && into=$here/bridge-28
top=$(mktemp -d /var/tmp/captures.XXXX); mkdir -p "$cache"
chmod 711 "$top"
export DOCKER_HOST=unix://$top/docker.sock

cleanup() {
  docker ps -aq 2>/dev/null | xargs -r docker rm -fv >/dev/null 2>&1 || true
  [ -s "$top/pid" ] && kill "$(cat "$top/pid")" 2>/dev/null || true
  for _ in $(seq 50); do [ -s "$top/pid" ] && kill -0 "$(cat "$top/pid")" 2>/dev/null || break; sleep 0.1; done
  ip netns del "$ns" 2>/dev/null || true
  findmnt -rno TARGET | grep "^$top" | sort -r | xargs -r umount 2>/dev/null || true
  rm -rf "$top"
}
trap cleanup EXIT

# --- images ---------------------------------------------------------------------------------------------------------
expired='Acquire::Check-Valid-Until "false"'
[ -s "$cache/host-$suite.tar" ] || mmdebstrap --quiet --variant=minbase --aptopt="$expired" \
  --dpkgopt='path-exclude=/usr/share/{doc,man,locale}/*' \
  --include=ca-certificates,docker.io,docker-cli,iptables,nftables,iproute2,iputils-ping,conntrack,procps,curl,python3-minimal,netcat-openbsd \
  "$suite" "$cache/host-$suite.tar" 2>"$cache/host.log"
[ -s "$cache/box.tar" ] || mmdebstrap --quiet --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
  --aptopt="$expired" --include=busybox-static,iproute2,iputils-ping trixie "$cache/box.tar" 2>"$cache/box.log"

# --- the engine -----------------------------------------------------------------------------------------------------
id dockremap >/dev/null 2>&1 || useradd -r -s /usr/sbin/nologin dockremap
for f in /etc/subuid /etc/subgid; do grep -q '^dockremap:' $f 2>/dev/null || echo dockremap:200000:65536 >>$f; done
ip netns add "$ns"; ip -n "$ns" link set lo up
setsid nsenter --net=/run/netns/"$ns" dockerd --data-root "$top/data" --exec-root "$top/exec" -H "$DOCKER_HOST" \
  --pidfile "$top/pid" --userns-remap=default >"$top/log" 2>&1 &
for _ in $(seq 150); do docker version >/dev/null 2>&1 && break; sleep 0.1; done
docker import -c 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' "$cache/host-$suite.tar" host >/dev/null
docker network create --internal --subnet 10.77.3.0/24 lan >/dev/null

cat >"$top/start" <<'S'
#!/bin/sh
mount --make-rshared /
for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,bind,rw "$d" 2>/dev/null; done
probe=/sys/fs/cgroup/cpu; [ -d $probe ] || probe=/sys/fs/cgroup
i=0; until mkdir $probe/probe 2>/dev/null || [ $i -gt 200 ]; do sleep 0.02; i=$((i+1)); done; rmdir $probe/probe
exec dockerd -H unix:///run/docker.sock >/var/log/dockerd.log 2>&1
S
chmod 755 "$top/start"
id=$(docker run -d --name h1 --hostname h1 --network lan --ip 10.77.3.11 --memory 512m --pids-limit 1024 \
  --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE \
  --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined \
  --tmpfs /run -v /var/lib/docker -v "$top/start:/start:ro" host /start)
find /sys/fs/cgroup -maxdepth 3 -type d -path "*docker/$id" -exec chown -R 200000:200000 {} +
docker import -c 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' "$cache/box.tar" box >/dev/null
docker run -d --name outside --hostname outside --network lan --ip 10.77.3.100 box \
  busybox httpd -f -p 80 -h /etc >/dev/null
until docker exec h1 docker version >/dev/null 2>&1; do sleep 0.05; done
docker exec -i h1 docker import -c 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' \
  -c 'CMD ["busybox","httpd","-f","-p","80","-h","/etc"]' - box <"$cache/box.tar" >/dev/null
inner() { docker exec h1 docker "$@"; }

# --- looking --------------------------------------------------------------------------------------------------------
host_pid=$(docker inspect -f '{{.State.Pid}}' h1)
outside_pid=$(docker inspect -f '{{.State.Pid}}' outside)
from_outside() { nsenter -t "$outside_pid" -n "$@"; }
# $1: folder of the place, the rest: how to run a tool there
look() {
  local to=$1; shift; mkdir -p "$to"
  "$@" ip -d addr >"$to/ip-d-addr.txt"; "$@" ip addr >"$to/ip-addr.txt"
  "$@" ip route show table all >"$to/ip-route-all.txt"; "$@" ip route >"$to/ip-route.txt"
  "$@" ip neigh >"$to/ip-neigh.txt"; "$@" bridge fdb >"$to/bridge-fdb.txt"; "$@" bridge fdb show >"$to/bridge-fdb-show.txt"
  "$@" iptables-save -c >"$to/iptables-save.txt"
  "$@" iptables-save -c -t nat >"$to/iptables-save-nat.txt"; "$@" iptables-save -c -t filter >"$to/iptables-save-filter.txt"
  "$@" conntrack -L -o extended >"$to/conntrack.txt" 2>/dev/null
}
stage() {
  local to=$into/$1 c p; rm -rf "$to"; echo "$1"
  look "$to/h1" nsenter -t "$host_pid" -n
  look "$to/outside" from_outside
  for c in $(inner ps --format '{{.Names}}'); do
    p=$(inner inspect -f '{{.State.Pid}}' "$c"); look "$to/h1.$c" docker exec h1 nsenter -t "$p" -n
  done
  look "$to/h1.own-tools" docker exec h1
  for c in version networks 'containers/json?all=1'; do
    docker exec h1 curl -s --unix-socket /run/docker.sock "http://docker/$c" >"$to/$(echo "$c" | cut -d/ -f1).json"
  done
}

# --- what a learner does ---------------------------------------------------------------------------------------------
sleep 2
stage 1-engine
inner run -d --name c1 box >/dev/null; sleep 1
stage 2-container
inner run -d --name web -p 8080:80 box >/dev/null
inner run -d --name near -p 127.0.0.1:8081:80 box >/dev/null; sleep 1
stage 3-published
inner network create app >/dev/null; inner network create --internal closed >/dev/null
inner run -d --name app1 --network app -p 8082:80 -p 5353:53/udp box >/dev/null
inner run -d --name app2 --network app box >/dev/null
inner run -d --name hidden --network closed box >/dev/null; sleep 1
stage 4-networks
inner exec c1 ping -c 1 -W 1 10.77.3.100 >/dev/null
inner exec app1 ping -c 1 -W 1 app2 >/dev/null
inner exec -d app1 busybox sh -c '(printf "GET / HTTP/1.1\r\nHost: x\r\n\r\n"; busybox sleep 20) | busybox nc 10.77.3.100 80'
from_outside curl -s -o /dev/null http://10.77.3.11:8080/hostname
docker exec h1 curl -s -o /dev/null http://localhost:8080/hostname
docker exec h1 curl -s -o /dev/null http://172.17.0.2/hostname
docker exec h1 curl -s -o /dev/null http://127.0.0.1:8081/hostname
sleep 0.3
stage 5-traffic
inner rm -f near >/dev/null; inner network disconnect app app2; inner network connect app hidden; sleep 0.5
stage 6-changed
