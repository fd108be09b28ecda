#!/bin/sh
# nginx listens by IPv6 too, where the kernel has it.
set -e
site=/etc/nginx/conf.d/default.conf
if [ "$1" = nginx ] && [ -e /proc/net/if_inet6 ] && [ -w "$site" ]; then
  sed 's/^    #listen \[::\]:80;/    listen [::]:80;/' "$site" >/tmp/site && cat /tmp/site >"$site" && rm /tmp/site
fi 2>/dev/null
exec "$@"
