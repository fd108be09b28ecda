#!/usr/bin/env bash
# Installs the Debian packages that are missing. It starts and enables no service, because the node runs a separate engine.
#   packages.sh LIST…
set -euo pipefail
. "$(dirname "$0")/phases.sh"

has() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
need() {
  local choice
  for choice in ${1//|/ }; do has "$choice" && return 0; done
  missing+=("${1%%|*}")
}
while read -r line; do need "$line"; done < <(sed 's/#.*//; /^[[:space:]]*$/d' "$@")
. setup/find-python.sh
if [ ! -x .venv/bin/python ] && [ "$python" = /usr/bin/python3 ] && ! "$python" -c 'import ensurepip' 2>/dev/null; then need python3-venv; fi
[ ${#missing[@]} -eq 0 ] && exit 0
[ "$(id -u)" = 0 ] || stop "these Debian packages are missing and only root can install them: ${missing[*]}"

guard=/usr/sbin/policy-rc.d
unguard=
trap '[ -z "$unguard" ] || rm -f "$guard"' EXIT

install_missing() {
  export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
  local apt=(apt-get -y -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120) unit units=()
  "${apt[@]}" update
  "${apt[@]}" install --no-install-recommends "${missing[@]}"
  # a Docker that this script installed must not start at the next boot
  for unit in docker.service docker.socket containerd.service; do
    [[ " $before " == *" $unit "* ]] || units+=("$unit")
  done
  [ ${#units[@]} -eq 0 ] || ! command -v systemctl >/dev/null || systemctl disable "${units[@]}" || true
}

before=
for unit in docker.service docker.socket containerd.service; do
  [ ! -e /lib/systemd/system/$unit ] || before+="$unit "
done
if [ ! -e $guard ]; then
  unguard=1
  printf '#!/bin/sh\nexit 101\n' >$guard
  chmod 755 $guard
fi
phase packages install_missing
