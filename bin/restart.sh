#!/bin/bash
# Stops the server if it runs, and starts it; exit codes are those of startup.sh.
set -euo pipefail

bin=$(cd -P -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)
case ${1:-} in
'') ;;
-h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
*) echo "usage: restart.sh" >&2; exit 2 ;;
esac
"$bin/stop.sh"
exec "$bin/startup.sh"
