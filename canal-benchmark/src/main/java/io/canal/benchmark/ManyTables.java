package io.canal.benchmark;

import io.canal.benchmark.process.Segment;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A schema with up to {@value #MOST} small tables, all alike. */
final class ManyTables {
  static final String SCHEMA = Segment.SCHEMA + "_tables";
  static final int MOST = 100_000;

  private static final int STATEMENTS = 50;
  private static final int THREADS = 2;

  private ManyTables() {}

  static String name(int number) {
    return "%s.t%d".formatted(SCHEMA, number);
  }

  /** A statement that adds a row to it. */
  static String insert(int number, long value) {
    return "INSERT INTO %s (k, c) VALUES (%d, 'change-%d-of-a-table-among-many')"
        .formatted(name(number), value, value);
  }

  /** Makes what is missing, outside the binary log: some hundred tables a second. */
  static void create(int port, int count) throws SQLException, InterruptedException {
    try (Connection connection = Workload.connect(port, "");
        Statement statement = connection.createStatement()) {
      statement.execute("SET sql_log_bin = 0");
      statement.execute("CREATE DATABASE IF NOT EXISTS " + SCHEMA);
      // one file for all: half the time, and no file to open for each
      statement.execute("SET GLOBAL innodb_file_per_table = OFF");
      ExecutorService executor = Executors.newFixedThreadPool(THREADS);
      try {
        List<Callable<Void>> parts = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
          int first = i;
          parts.add(() -> create(port, first, count));
        }
        for (Future<Void> part : executor.invokeAll(parts)) {
          part.get();
        }
      } catch (ExecutionException e) {
        throw new SQLException("the tables could not be made", e);
      } finally {
        executor.shutdownNow();
        statement.execute("SET GLOBAL innodb_file_per_table = ON");
      }
    }
  }

  private static Void create(int port, int first, int count) throws SQLException {
    try (Connection connection = Workload.connect(port, "")) {
      Workload.execute(connection, "SET sql_log_bin = 0");
      StringBuilder sql = new StringBuilder();
      int statements = 0;
      for (int i = first; i < count; i += THREADS) {
        sql.append("CREATE TABLE IF NOT EXISTS ")
            .append(name(i))
            .append(
                " (id INT AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL, c VARCHAR(60) NOT NULL);");
        if (++statements % STATEMENTS == 0 || i + THREADS >= count) {
          Workload.execute(connection, sql.toString());
          sql.setLength(0);
        }
        if (first == 0 && statements % 5000 == 0) {
          System.out.printf("  %,d of %,d tables made%n", i, count);
        }
      }
    }
    return null;
  }
}
