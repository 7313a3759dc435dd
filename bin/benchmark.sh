#!/bin/bash
# Measures Canal beside the bare connector library and Alibaba Canal, on a private MySQL 9.7 and the same binary log.
#
#   bin/benchmark.sh [--quick] [--publish]      everything that docs/performance.md shows; --publish puts it there
#   bin/benchmark.sh --segment a --runner connector,tcp-keys --part drain      a part of it; --help tells all
#   bin/benchmark.sh --profile --segment a      where our server spends its time and its bytes
#   bin/benchmark.sh --micro [JMH OPTION...]    JMH: decoding and encoding per type family
#
# MySQL, its segments and the results stay in var/benchmark, so that the next run begins at once.
# PORT: MySQL's port, 23306 unless set; the servers take the two behind it.
# A JDK 17+ and Maven are installed where they are missing (Debian, Ubuntu).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. bin/lib/bootstrap.sh

home=$PWD/var/benchmark
port=${PORT:-23306}
provision=canal-testing/src/main/resources/io/canal/testing/provision.sh
peers=canal-benchmark/src/peers
maven=(mvn -q -B -ntp)

# Sets peer_class_path, of Alibaba Canal and what drives it; empty where it cannot be had.
prepare_peers() {
  step "Resolving Alibaba Canal, for processes of its own"
  peer_class_path=''
  if "${maven[@]}" -f $peers/pom.xml dependency:build-classpath -Dmdep.outputFile="$home/peers.classpath" >"$home/peers.log" 2>&1; then
    peer_class_path=$home/peers:canal-benchmark/target/classes:$peers/resources:$(cat "$home/peers.classpath")
    "$JAVA_HOME/bin/javac" --release 17 -proc:none -d "$home/peers" -cp "$peer_class_path" $peers/java/io/canal/benchmark/process/*.java
  else
    tail -n 3 "$home/peers.log"
    note "Alibaba Canal could not be resolved: its runners are left out"
  fi
}

bootstrap
mkdir -p "$home"
step "Building"
"${maven[@]}" -Dmaven.test.skip=true -Dspotless.check.skip=true -DskipErrorProne=true -pl canal-benchmark -am package \
  dependency:build-classpath -Dmdep.outputFile="$home/classpath" -Dmdep.includeScope=runtime
class_path=canal-benchmark/target/classes:$(cat "$home/classpath")

if [ "${1-}" = --micro ]; then
  shift
  exec "$JAVA_HOME/bin/java" -cp "$class_path" org.openjdk.jmh.Main "$@"
fi
case " $* " in *" --help "* | *" -h "*) exec "$JAVA_HOME/bin/java" -cp "$class_path" io.canal.benchmark.Benchmark --help ;; esac

prepare_peers
step "Starting MySQL on 127.0.0.1:$port"
trap 'bash "$provision" stop "$home/mysql"' EXIT
bash "$provision" start mysql 9.7 "$home/mysql" "$port" --sync-binlog=0 --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF \
  --max-binlog-size=1G --binlog-expire-logs-seconds=0 --innodb-buffer-pool-size=512M --innodb-redo-log-capacity=1G
"$JAVA_HOME/bin/java" -Xmx256m -cp "$class_path" io.canal.benchmark.Benchmark \
  --mysql-port "$port" --home "$home" --peers "$peer_class_path" \
  --commit "$(git describe --always --dirty 2>/dev/null || echo '?')" "$@"
