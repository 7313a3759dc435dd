#!/bin/bash
# Builds Canal, starts it against a MySQL and shows the row changes of a few transactions as they arrive.
#
#   bin/quickstart.sh                   with a private MySQL, downloaded and not installed (Debian, Ubuntu)
#   bin/quickstart.sh --mysql HOST:PORT --user USER [--password PASSWORD]
#                                       with yours; the account needs REPLICATION SLAVE, REPLICATION CLIENT and SELECT,
#                                       and all rights in the schema canal_quickstart for the changes shown
#   bin/quickstart.sh --no-wait         end after those changes instead of showing further ones until Ctrl-C
#   bin/quickstart.sh --stop            stop the server and the private MySQL; their data stays in var/quickstart
#
# The server runs on after this script. The next start takes seconds: only what changed is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. bin/lib/bootstrap.sh

home=$PWD/var/quickstart
server=$home/server
provision=canal-testing/src/main/resources/io/canal/testing/provision.sh
schema=canal_quickstart
demo_rows=6 # that `canal demo` inserts, updates and deletes

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' bin/quickstart.sh; }

mysql='' user='' password='' has_password='' wait=1
parse() {
  while [ $# -gt 0 ]; do
    case $1 in
    --mysql | --user | --password) [ $# -gt 1 ] || fail "$1 needs a value; see --help" ;;
    esac
    case $1 in
    --mysql) mysql=$2; shift ;;
    --user) user=$2; shift ;;
    --password) password=$2 has_password=1; shift ;;
    --no-wait) wait='' ;;
    --stop) stop; exit ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
  done
  if [ -n "$mysql" ]; then
    case $mysql in *:*) ;; *) mysql+=:3306 ;; esac
    [ -n "$user" ] || fail "--mysql needs --user; see --help"
    if [ -z "$has_password" ] && [ -t 0 ]; then
      read -rsp "Password of $user at $mysql: " password
      echo
    fi
  elif [ -n "$user$has_password" ]; then
    fail "--user and --password belong to --mysql; see --help"
  fi
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port [PREFERRED]: a port that nobody listens on, below those that outgoing connections take.
free_port() {
  local port=${1:-0}
  while [ "$port" = 0 ] || listening "$port"; do port=$((23000 + RANDOM % 9000)); done
  echo "$port"
}

secret() { head -c 18 /dev/urandom | base64 | tr -d '+/=\n'; }

# write_private FILE: standard input into a file that only we can read.
write_private() { (umask 077 && cat >"$1"); }

find_package() {
  local candidate
  package=''
  for candidate in canal-server/target/canal-*.tar.gz; do
    [ ! -s "$candidate" ] || ! [ "$candidate" -nt "$package" ] || package=$candidate
  done
}

changed_since() {
  find pom.xml bin conf canal-{protocol,client,parser,server}/{pom.xml,src} -newer "$1" -type f 2>/dev/null | head -n 1
}

build() {
  find_package
  if [ -n "$package" ] && [ -z "$(changed_since "$package")" ]; then
    return
  fi
  local line downloads=0
  step "Building Canal (the first time it downloads its libraries, which takes minutes)"
  mvn -B -Dstyle.color=never -Dmaven.test.skip=true -Dspotless.check.skip=true -DskipErrorProne=true \
    -pl canal-server -am package 2>&1 | tee "$home/build.log" |
    while IFS= read -r line; do
      case $line in
      *"Building Canal"*) note "${line#*Building }" ;;
      *"Downloaded from"*) downloads=$((downloads + 1)); [ $((downloads % 50)) != 0 ] || note "$downloads files downloaded" ;;
      esac
    done || {
    grep -m 20 ERROR "$home/build.log" >&2 || tail -n 20 "$home/build.log" >&2
    fail "The build failed; all of its output is in $home/build.log"
  }
  find_package
  [ -n "$package" ] || fail "The build made no canal-server/target/canal-<version>.tar.gz; its output is in $home/build.log"
  touch "$package"
}

# The account of the server and that of the demo, on the user's MySQL or on a private one.
choose_mysql() {
  if [ -n "$mysql" ]; then
    source_name=${mysql//[^A-Za-z0-9.-]/_} demo_user=$user demo_password=$home/own.password
    printf %s "$password" | write_private "$demo_password"
    return
  fi
  local port account
  source_name=private user=canal demo_user=demo demo_password=$home/demo.password
  for account in canal demo root; do
    [ -s "$home/$account.password" ] || secret | write_private "$home/$account.password"
  done
  password=$(cat "$home/canal.password")
  port=$(cat "$home/mysql.port" 2>/dev/null) || port=''
  if [ -n "$port" ] && bash "$provision" running "$home/mysql"; then
    mysql=127.0.0.1:$port
    note "The private MySQL runs already on $mysql"
    return
  fi
  port=$(free_port "${port:-0}")
  step "Starting a private MySQL on 127.0.0.1:$port"
  mkdir -p "$home/mysql"
  write_private "$home/mysql/accounts.sql" <<END
SET sql_log_bin = 0;
CREATE USER IF NOT EXISTS canal@'%' IDENTIFIED BY '$password';
GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO canal@'%';
CREATE USER IF NOT EXISTS demo@'%' IDENTIFIED BY '$(cat "$demo_password")';
GRANT ALL ON $schema.* TO demo@'%';
ALTER USER root@localhost IDENTIFIED BY '$(cat "$home/root.password")';
END
  CANAL_HINT="Instead, use a server of your own: bin/quickstart.sh --mysql HOST:PORT --user USER --password PASSWORD" \
    bash "$provision" start mysql 9.7 "$home/mysql" "$port" --binlog-row-metadata=FULL --init-file="$home/mysql/accounts.sql" ||
    fail "The private MySQL did not start"
  echo "$port" >"$home/mysql.port"
  mysql=127.0.0.1:$port
}

# set_property FILE KEY VALUE, in the syntax of .properties.
set_property() {
  local escaped=${3//\\/\\\\}
  case $escaped in ' '*) escaped=\\$escaped ;; esac
  { grep -v "^[[:space:]]*${2//./\\.}[[:space:]]*=" "$1" || true; printf '%s=%s\n' "$2" "$escaped"; } | write_private "$1.new"
  mv "$1.new" "$1"
}

# Unpacks and configures the server when its package or its settings are others than those it runs with.
start_server() {
  local wanted instance=$server/conf/example/instance.properties
  wanted=$(cksum "$package"; printf '%s\n' "$mysql" "$user" "$password" | cksum)
  port=$(cat "$home/server.port" 2>/dev/null) || port=''
  if [ -n "$port" ] && [ "$wanted" = "$(cat "$home/server.state" 2>/dev/null)" ] && listening "$port"; then
    note "The server runs already on 127.0.0.1:$port"
    return
  fi
  [ ! -e "$server/bin/canal.pid" ] || stop_server
  rm -rf "${server:?}/bin" "${server:?}/lib" "$home/unpacked"
  mkdir -p "$home/unpacked" "$server"
  tar -xzf "$package" -C "$home/unpacked"
  cp -R "$(dirname "$(dirname "$(find "$home/unpacked" -path '*/bin/startup.sh')")")/." "$server"
  rm -rf "$home/unpacked"
  port=$(free_port "${port:-11111}")
  set_property "$server/conf/canal.properties" canal.port "$port"
  http_port=$(free_port 11112)
  set_property "$server/conf/canal.properties" canal.metrics.pull.port "$http_port"
  set_property "$server/conf/canal.properties" canal.file.data.dir "../data/$source_name" # positions hold for one source
  set_property "$instance" canal.instance.master.address "$mysql"
  set_property "$instance" canal.instance.dbUsername "$user"
  set_property "$instance" canal.instance.dbPassword "$password"
  step "Starting the server on port $port"
  "$server/bin/startup.sh" || {
    stop_server
    fail "The server could not be started as above; its logs are in $server/logs"
  }
  echo "$port" >"$home/server.port"
  echo "$http_port" >"$home/http.port"
  echo "$wanted" >"$home/server.state"
}

# Shows the changes as they arrive; makes those of the demo once the first line says that we are subscribed.
show() {
  local command=("$server/bin/canal" watch example --server "127.0.0.1:$port" --filter "$schema\\..*") line demo='' failed=''
  [ -n "$wait" ] || command+=(--count "$demo_rows")
  [ -z "$plain" ] || command+=(--color always)
  step "Row changes in $schema as they arrive${wait:+ (Ctrl-C ends this view, the server runs on)}"
  coproc watch { exec "${command[@]}"; }
  # shellcheck disable=SC2154
  local pid=$watch_PID
  trap 'echo; kill "$pid"; wait "$pid" $demo || true; say_more; exit 0' INT
  while IFS= read -r line; do
    note "$line"
    if [ -z "$demo" ]; then
      make_changes "$pid" &
      demo=$!
    fi
  done <&"${watch[0]}"
  wait "$pid" || failed=1
  { [ -n "$demo" ] && wait "$demo"; } || failed=1
  [ -z "$failed" ] || fail "Not all changes were made and shown; the server's logs are in $server/logs"
}

# make_changes WATCHER: runs the demo's statements; where they fail, nothing will come to be watched.
make_changes() {
  "$server/bin/canal" demo --mysql "$mysql" --user "$demo_user" --password-file "$demo_password" --schema "$schema" \
    --pause 300 </dev/null | while IFS= read -r line; do note "${faint}mysql> $line;$plain"; done || {
    kill "$1"
    return 1
  }
}

# say WHAT HOW, in columns.
say() { printf '    %-26s%s\n' "$1" "$bold$2$plain"; }

say_more() {
  local bin=$server/bin again=''
  bin=${bin#"$PWD/"}
  [ "$source_name" = private ] || again=" --mysql $mysql --user $user"
  step "The server runs on. What you can do next:"
  say "see how it is" "$bin/canal status"
  say "watch changes" "$bin/canal watch example --server 127.0.0.1:$port"
  say "make the changes again" "bin/quickstart.sh$again"
  if [ "$source_name" = private ]; then
    say "make changes of your own" "$mysql, schema $schema, user demo, password in ${demo_password#"$PWD/"}"
  fi
  say "write a client" "127.0.0.1:$port, destination example; README.md, \"Read changes from Java\""
  say "metrics, health" "http://127.0.0.1:$(cat "$home/http.port")/metrics, /health/ready"
  say "logs, configuration" "${server#"$PWD/"}/logs, ${server#"$PWD/"}/conf"
  say "all commands" "$bin/canal --help"
  say "stop it" "bin/quickstart.sh --stop"
}

stop_server() { [ ! -x "$server/bin/stop.sh" ] || "$server/bin/stop.sh"; }

stop() {
  step "Stopping"
  stop_server
  if bash "$provision" running "$home/mysql"; then
    note "Stopping the private MySQL, which takes up to 10 seconds" # it waits for its replicas
    bash "$provision" stop "$home/mysql"
  fi
  note "Everything that this script made but the build is in var/quickstart and ${XDG_CACHE_HOME:-$HOME/.cache}/canal"
}

# shellcheck disable=SC2086
unset ${!CANAL_@} # they would override the settings made here
trap 'echo >&2; exit 130' INT
parse "$@"
bootstrap
mkdir -p "$home"
build
choose_mysql
start_server
show
say_more
