package io.canal.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.client.CanalConnector;
import io.canal.client.Message;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.testing.MysqlServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A table whose rows are numbered from 1 in the order of the binary log, about 1 KiB each, and what
 * a consumer must get of it: every number once, in order. For one thread; a reader for one of its
 * own.
 */
final class NumberedRows {
  /** Stands for the row before the first one that comes. */
  static final long ANYWHERE = -1;

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int ROW_BYTES = 1000;

  private final MysqlServer mysql;
  private final String schema;
  private long written;

  private NumberedRows(MysqlServer mysql, String schema) {
    this.mysql = mysql;
    this.schema = schema;
  }

  static NumberedRows create(MysqlServer mysql, String prefix) throws SQLException {
    String schema = mysql.createSchema(prefix);
    mysql.execute("CREATE TABLE %s.t (id BIGINT PRIMARY KEY, v TEXT)".formatted(schema));
    return new NumberedRows(mysql, schema);
  }

  String filter() {
    return schema + "\\..*";
  }

  long written() {
    return written;
  }

  /** Adds transactions of so many rows each. */
  void write(int transactions, int rowsPerTransaction) throws SQLException {
    try (Connection connection = mysql.connect(schema);
        Statement statement = connection.createStatement()) {
      statement.execute("SET cte_max_recursion_depth = 1000000");
      for (int i = 0; i < transactions; i++) {
        statement.execute(
            ("INSERT INTO t WITH RECURSIVE n (id) AS (SELECT %d UNION ALL SELECT id + 1 FROM n WHERE id < %d)"
                    + " SELECT id, REPEAT('x', %d) FROM n")
                .formatted(written + 1, written + rowsPerTransaction, ROW_BYTES));
        written += rowsPerTransaction;
      }
    }
  }

  /** A consumer of it, and the number of its last row, which any thread may ask for. */
  final class Reader implements AutoCloseable {
    private final CanalConnector connector;
    private volatile long last;

    Reader(CanalHome home, String destination, int clientId, long last) {
      this.connector = home.connector(destination, clientId);
      this.last = last;
      connector.connect();
      connector.subscribe(filter());
    }

    CanalConnector connector() {
      return connector;
    }

    long last() {
      return last;
    }

    /** Reads and acknowledges until it has that number, and nothing behind it. */
    void readTo(long number, int batchKib) {
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (last < number) {
        if (System.nanoTime() > deadline) {
          throw new AssertionError("%d of %d rows in time".formatted(last, number));
        }
        connector.ack(read(batchKib).getId());
      }
      assertThat(last).isEqualTo(number);
    }

    /** Takes a batch that is not empty, and does not acknowledge it. */
    Message read(int batchKib) {
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      Message message = get(batchKib);
      while (message.getId() == Message.NO_BATCH) {
        if (System.nanoTime() > deadline) {
          throw new AssertionError("no batch after row %d in time".formatted(last));
        }
        message = get(batchKib);
      }
      return message;
    }

    private Message get(int batchKib) {
      Message message = connector.getWithoutAck(batchKib, 1000L, TimeUnit.MILLISECONDS);
      for (Entry entry : message.getEntries()) {
        for (RowReceiver.Row row : RowReceiver.rows(entry)) {
          long number = Long.parseLong(row.get("id"));
          if (last != ANYWHERE && number != last + 1) {
            throw new AssertionError("row %d follows %d".formatted(number, last));
          }
          last = number;
        }
      }
      return message;
    }

    /** The client goes back to what follows that row. */
    void wentBackTo(long number) {
      last = number;
    }

    @Override
    public void close() {
      connector.disconnect();
    }
  }
}
