#!/bin/bash
# Starts the server in the background and waits until it is ready.
#
# Exit code 0: it is ready, or it ran already.   1: it did not start; the reason is shown.
#           3: it runs, but has no source, either because something has to be mended, or because none was
#              reached within CANAL_START_TIMEOUT seconds (30); then it goes on trying. A source that
#              refuses the account is told at once.
set -euo pipefail

home=$(cd -P -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
pid_file=$home/bin/canal.pid
state_file=$home/logs/canal/state
output=$home/logs/canal/startup.log

case ${1:-} in
'') ;;
-h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
*) echo "usage: startup.sh" >&2; exit 2 ;;
esac

# is_server PID: whether that process is the server of this directory; a pid is used again by others.
is_server() {
  [ -n "$1" ] && kill -0 "$1" 2>/dev/null || return 1
  [ -r "/proc/$1/cmdline" ] || return 0
  tr '\0' '\n' <"/proc/$1/cmdline" | grep -qxF -- "-Dcanal.home=$home"
}

mkdir -p "$home/logs/canal"
exec 9>"$home/bin/.startup.lock"
if command -v flock >/dev/null && ! flock -w 60 9; then
  echo "Another start is under way." >&2
  exit 1
fi
pid=$(cat "$pid_file" 2>/dev/null || true)
if is_server "$pid"; then
  echo "Canal runs already (pid $pid); bin/stop.sh stops it, bin/restart.sh restarts it."
  exit 0
fi

rm -f "$state_file"
detach=(nohup)
command -v setsid >/dev/null && detach=(setsid)
CANAL_LOG=${CANAL_LOG:-file} "${detach[@]}" "$home/bin/canal" server --state-file "$state_file" \
  >"$output" 2>&1 </dev/null 9>&- &
pid=$!
echo "$pid" >"$pid_file"

show_state() { { read -r _ && while IFS= read -r line; do echo "  $line"; done; } <"$state_file" || true; }
more="See bin/canal status and $home/logs/canal/canal.log; bin/stop.sh stops it."

# refused: whether every source that it tries refuses the account (SQL state 28000).
refused() { grep -qF '(28000)' "$state_file" && ! grep -F ' is STARTING' "$state_file" | grep -qvF '(28000)'; }

told=''
deadline=$((SECONDS + ${CANAL_START_TIMEOUT:-30}))
while [ "$SECONDS" -lt "$deadline" ]; do
  if ! kill -0 "$pid" 2>/dev/null; then
    rm -f "$pid_file"
    echo "Canal did not start:" >&2
    grep -vF '|-INFO in ' "$output" | tail -n 30 | sed 's/^/  /' >&2 || true
    echo "The whole output is in $output, the log in $home/logs/canal/canal.log" >&2
    exit 1
  fi
  state=''
  [ ! -e "$state_file" ] || read -r state <"$state_file"
  case $state in
  ready)
    echo "Canal is ready (pid $pid)."
    show_state
    exit 0
    ;;
  stopped)
    echo "Canal runs (pid $pid), but has nothing to serve until this is mended; then bin/restart.sh." >&2
    show_state >&2
    echo "$more" >&2
    exit 3
    ;;
  starting)
    if refused; then
      echo "Canal runs (pid $pid), but its source refuses the account; it goes on trying:" >&2
      show_state >&2
      echo "$more" >&2
      exit 3
    fi
    if [ -z "$told" ] && [ "$SECONDS" -ge 3 ] && grep -q ' is STARTING: ' "$state_file"; then
      told=1
      echo "Waiting for a source, up to ${CANAL_START_TIMEOUT:-30} s:" >&2
      show_state >&2
    fi
    ;;
  esac
  sleep 0.1
done

echo "Canal runs (pid $pid), but is not ready after ${CANAL_START_TIMEOUT:-30} s; it goes on trying:" >&2
[ ! -e "$state_file" ] || show_state >&2
echo "$more" >&2
exit 3
