package io.canal.benchmark;

import io.canal.benchmark.process.Clocks;
import io.canal.benchmark.process.Segment;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Commits stamped rows, one a transaction, at a thousand a second. */
final class LatencyWriter {
  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long DUMP_TIMEOUT_MS = 30_000;

  private LatencyWriter() {}

  /** Waits for a consumer's dump connection, then writes that many rows. */
  static void write(int port, int count) throws SQLException, InterruptedException {
    try (Connection connection = Workload.connect(port, Segment.SCHEMA);
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO "
                    + Segment.LATENCY_TABLE
                    + " (stamp, pad) VALUES (?, REPEAT('x', 60))")) {
      awaitDump(connection);
      long next = System.nanoTime();
      for (int i = 0; i < count; i++) {
        long wait = next - System.nanoTime();
        if (wait > 0) {
          LockSupport.parkNanos(wait);
        }
        insert.setLong(1, Clocks.nowMicros());
        insert.executeUpdate();
        next += INTERVAL_NANOS;
      }
    }
  }

  private static void awaitDump(Connection connection) throws SQLException, InterruptedException {
    long deadline = System.currentTimeMillis() + DUMP_TIMEOUT_MS;
    try (Statement statement = connection.createStatement()) {
      while (!hasDump(statement)) {
        if (System.currentTimeMillis() > deadline) {
          throw new IllegalStateException("no consumer asks for the binary log");
        }
        Thread.sleep(10);
      }
    }
    Thread.sleep(1000); // for the consumer to fall idle
  }

  private static boolean hasDump(Statement statement) throws SQLException {
    try (ResultSet count =
        statement.executeQuery(
            "SELECT COUNT(*) FROM performance_schema.processlist WHERE command LIKE 'Binlog Dump%'")) {
      count.next();
      return count.getInt(1) > 0;
    }
  }
}
