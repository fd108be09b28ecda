#!/bin/sh
# First process of a node container: what the engine needs before it can start, then the parts asked for.
#   start --parts node|all
set -eu

# Docker mounts the control groups read-only; the engine makes one below them for each host.
for mount in $(awk '$5 ~ "^/sys/fs/cgroup" {print $5}' /proc/self/mountinfo); do
  mount -o remount,bind,rw "$mount" 2>/dev/null || mount -o remount,rw "$mount" 2>/dev/null || true
done
# Version 2: a group with processes in it cannot delegate controllers, so ours move into one beside the engine's.
if [ -w /sys/fs/cgroup/cgroup.procs ] && [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/parts
  while read -r pid; do echo "$pid" >/sys/fs/cgroup/parts/cgroup.procs 2>/dev/null || true; done </sys/fs/cgroup/cgroup.procs
  sed 's/ / +/g; s/^/+/' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
fi
# Namespaces the engine makes are seen by mount propagation.
mount --make-rshared / 2>/dev/null || true

# Loop devices, for the disks of hosts; without them hosts share the node's disk.
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237 2>/dev/null || true

exec python manage.py up "$@"
