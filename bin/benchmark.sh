#!/bin/bash
# Measures Canal beside the bare connector library, on a private MySQL 9.7 and the same binary log.
#
#   bin/benchmark.sh [--rows N] [--segment a,b,c,d] [--heap 512m] [--rounds N]   from MySQL to a client; --help tells all
#   bin/benchmark.sh --micro [JMH OPTION...]                                     JMH: decoding and encoding per type family
#
# MySQL, its segments and the results stay in var/benchmark, so that the next run begins at once.
# PORT: MySQL's port, 23306 unless set; the server takes the two behind it.
# A JDK 17+ and Maven are installed where they are missing (Debian, Ubuntu).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. bin/lib/bootstrap.sh

home=$PWD/var/benchmark
port=${PORT:-23306}
provision=canal-testing/src/main/resources/io/canal/testing/provision.sh

bootstrap
mkdir -p "$home"
step "Building"
mvn -q -B -Dmaven.test.skip=true -Dspotless.check.skip=true -DskipErrorProne=true -pl canal-benchmark -am package \
  dependency:build-classpath -Dmdep.outputFile="$home/classpath" -Dmdep.includeScope=runtime
class_path=canal-benchmark/target/classes:$(cat "$home/classpath")

if [ "${1-}" = --micro ]; then
  shift
  exec "$JAVA_HOME/bin/java" -cp "$class_path" org.openjdk.jmh.Main "$@"
fi
case " $* " in *" --help "* | *" -h "*) exec "$JAVA_HOME/bin/java" -cp "$class_path" io.canal.benchmark.Benchmark --help ;; esac

step "Starting MySQL on 127.0.0.1:$port"
trap 'bash "$provision" stop "$home/mysql"' EXIT
bash "$provision" start mysql 9.7 "$home/mysql" "$port" --sync-binlog=0 --innodb-flush-log-at-trx-commit=0 \
  --max-binlog-size=1G --innodb-buffer-pool-size=512M --innodb-redo-log-capacity=1G
"$JAVA_HOME/bin/java" -Xmx256m -cp "$class_path" io.canal.benchmark.Benchmark \
  --mysql-port "$port" --port $((port + 1)) --home "$home" "$@"
