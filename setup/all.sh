#!/usr/bin/env bash
# Makes everything that `make run` (base) or `make test` (dev) needs before the first process starts. A second run does only what changed.
set -euo pipefail
. "$(dirname "$0")/phases.sh"
kind=${1:-base}
lists=(setup/debian-packages.txt setup/debian-packages-build.txt)
[ "$kind" = base ] || lists+=(setup/debian-packages-test.txt)
setup/packages.sh "${lists[@]}"
setup/bpf.sh
setup/python.sh "$kind"
setup/frontend.sh
