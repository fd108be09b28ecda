#!/bin/sh
# PostgreSQL, with its one database made on the first start. Reached only over compose's inner network.
set -eu
data=/var/lib/postgresql/data
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
if [ ! -s "$data/PG_VERSION" ]; then
  umask 077
  printf '%s' "${POSTGRES_PASSWORD:?}" >/tmp/password
  initdb --pgdata "$data" --username explorer --pwfile /tmp/password --auth-host scram-sha-256 --auth-local trust --encoding UTF8 --locale C.UTF-8
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  echo 'CREATE DATABASE explorer;' | postgres --single -D "$data" -j template1 >/dev/null
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp
