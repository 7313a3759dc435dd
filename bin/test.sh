#!/bin/bash
# Builds Canal and tests it.
#
#   bin/test.sh [MAVEN OPTION...]          all: build, unit tests, tests against real MySQL, MariaDB and ZooKeeper
#   bin/test.sh --fast [MAVEN OPTION...]   the build and the unit tests
#
# A JDK 17+ and Maven are installed where they are missing (Debian, Ubuntu). The services come from
# CANAL_TEST_MYSQL, CANAL_TEST_MARIADB, CANAL_TEST_ZOOKEEPER (host:port; the databases also _USER and _PASSWORD),
# else from Docker, else from private copies in ~/.cache/canal.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. bin/lib/bootstrap.sh

phase=verify
case ${1-} in
--fast) phase='test'; shift ;;
-h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' bin/test.sh; exit ;;
esac

bootstrap
step "Building and testing"
exec mvn -B -ntp "$phase" "$@"
