#!/bin/bash
# Exit code 0 if the server on this machine is ready. Needs neither curl nor a JVM, for a container's health check.
set -euo pipefail

home=$(cd -P -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
port=${CANAL_METRICS_PULL_PORT:-}
if [ -z "$port" ]; then
  port=$(sed -n 's/^[[:space:]]*canal\.metrics\.pull\.port[[:space:]]*[=:][[:space:]]*\([0-9]*\).*/\1/p' "$home/conf/canal.properties" | tail -n 1)
fi
exec 3<>"/dev/tcp/127.0.0.1/${port:-11112}"
printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3
read -r _ code _ <&3
[ "$code" = 200 ] && exit 0
cat <&3
exit 1
