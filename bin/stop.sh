#!/bin/bash
# Stops the server: asks it, waits up to 30 seconds, then ends it by force. Exit code 0 if it does not run then.
set -euo pipefail

home=$(cd -P -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
pid_file=$home/bin/canal.pid

case ${1:-} in
'') ;;
-h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
*) echo "usage: stop.sh" >&2; exit 2 ;;
esac

# is_server PID: whether that process is the server of this directory; a pid is used again by others.
is_server() {
  [ -n "$1" ] && kill -0 "$1" 2>/dev/null || return 1
  [ -r "/proc/$1/cmdline" ] || return 0
  tr '\0' '\n' <"/proc/$1/cmdline" | grep -qxF -- "-Dcanal.home=$home"
}

pid=$(cat "$pid_file" 2>/dev/null || true)
if ! is_server "$pid"; then
  rm -f "$pid_file"
  echo "Canal does not run."
  exit 0
fi
kill -TERM "$pid"
deadline=$((SECONDS + 30))
while is_server "$pid"; do
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo "Canal (pid $pid) has not stopped within 30 s; it is ended by force." >&2
    kill -KILL "$pid" 2>/dev/null || true
    break
  fi
  sleep 0.1
done
rm -f "$pid_file"
echo "Canal has stopped (pid $pid)."
