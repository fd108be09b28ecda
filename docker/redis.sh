#!/bin/sh
# Valkey for tasks and streams. Reached only over compose's inner network, and only with the password.
set -eu
exec valkey-server --bind 0.0.0.0 --requirepass "${REDIS_PASSWORD:?}" --save '' --appendonly no --dir /var/lib/valkey \
  --maxmemory 512mb --maxmemory-policy noeviction --loglevel warning
