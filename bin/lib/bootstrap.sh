# shellcheck shell=bash
# Sourced by the scripts beside this folder: a JDK 17+ and Maven, installed where they are missing, and how we talk.
# Everything here runs on a machine with nothing but bash, coreutils and apt.
export LANG=C.UTF-8 LC_ALL=C.UTF-8
oldest_jdk=17

# shellcheck disable=SC2034
bold='' faint='' green='' red='' plain=''
# shellcheck disable=SC2034
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then bold=$'\e[1m' faint=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; fi
step() { printf '%s\n' "$bold$green==>$plain$bold $*$plain"; }
note() { printf '    %s\n' "$*"; }
fail() { printf '%s\n' "$bold$red==> $*$plain" >&2; exit 1; }

# The major release of the JDK in that directory, 0 when there is none.
jdk_release() {
  local version
  [ -x "$1/bin/javac" ] || { echo 0; return; }
  version=$("$1/bin/javac" -version 2>&1) || version=''
  version=${version#javac }
  version=${version%%[!0-9]*}
  echo "${version:-0}"
}

# Sets and exports JAVA_HOME when a JDK that will do is here.
find_jdk() {
  local home compiler=''
  compiler=$(command -v javac) && compiler=$(readlink -f "$compiler")
  for home in "${JAVA_HOME-}" "${compiler%/bin/javac}" /usr/lib/jvm/*; do
    if [ -n "$home" ] && [ "$(jdk_release "$home")" -ge $oldest_jdk ]; then
      export JAVA_HOME=$home PATH=$home/bin:$PATH
      return
    fi
  done
  return 1
}

can_install() { command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() {
  step "Installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >"$apt_log" 2>&1 || {
    tail -n 20 "$apt_log" >&2
    fail "apt-get install $* failed"
  }
}

# bootstrap: JAVA_HOME and mvn are there afterwards, or the script has ended and said what to install.
bootstrap() {
  local have_jdk='' have_maven='' release
  ! find_jdk || have_jdk=1
  ! command -v mvn >/dev/null || have_maven=1
  if [ -z "$have_jdk" ] || [ -z "$have_maven" ]; then
    can_install ||
      fail "Canal needs a JDK $oldest_jdk or newer and Maven. Please install them and run this again."
    apt_log=$(mktemp)
    step "Reading the package lists"
    as_root apt-get -q update >"$apt_log" 2>&1 ||
      note "apt-get update failed; trying with the lists that are here"
    if [ -z "$have_jdk" ]; then
      for release in 21 17 25; do
        ! apt-cache show "openjdk-$release-jdk-headless" >/dev/null 2>&1 || break
      done
      install_packages "openjdk-$release-jdk-headless"
      find_jdk || fail "No JDK $oldest_jdk or newer after installing openjdk-$release-jdk-headless"
    fi
    [ -n "$have_maven" ] || install_packages maven
    rm -f "$apt_log"
  fi
  note "JDK $(jdk_release "$JAVA_HOME") in $JAVA_HOME"
}
