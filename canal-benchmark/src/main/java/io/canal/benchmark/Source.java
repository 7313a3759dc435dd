package io.canal.benchmark;

import io.canal.benchmark.process.Segment;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The MySQL whose binary log is read, and one connection to it. Owned by one thread. */
final class Source implements AutoCloseable {
  private final int port;
  private final Connection connection;

  /** A place in the binary log. */
  record Place(String file, long offset) {}

  private Source(int port, Connection connection) {
    this.port = port;
    this.connection = connection;
  }

  /** A connection of the user that all readers are, without a schema. */
  static Source open(int port) throws SQLException {
    return new Source(port, connect(port, Segment.USER, Segment.PASSWORD));
  }

  /**
   * Makes that user, and logs in: the server then has its password in a cache, without which
   * Alibaba Canal cannot log in to a MySQL 9.
   */
  static void prepare(int port) throws SQLException {
    try (Source root = new Source(port, connect(port, "root", ""))) {
      root.unlogged(
          "CREATE USER IF NOT EXISTS '%1$s'@'%%' IDENTIFIED BY '%2$s'; GRANT ALL ON *.* TO '%1$s'@'%%'"
              .formatted(Segment.USER, Segment.PASSWORD));
    }
    open(port).close();
  }

  private static Connection connect(int port, String user, String password) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:mysql://%s:%d/?allowMultiQueries=true&sslMode=DISABLED&allowPublicKeyRetrieval=true"
            .formatted(Segment.HOST, port),
        user,
        password);
  }

  int port() {
    return port;
  }

  Connection connection() {
    return connection;
  }

  String version() throws SQLException {
    return connection.getMetaData().getDatabaseProductVersion();
  }

  /** Executes one statement, or several with semicolons between them. */
  void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
      while (statement.getMoreResults() || statement.getUpdateCount() != -1) {
        // an error of a later statement is thrown here
      }
    }
  }

  /** The same, without a trace in the binary log. */
  void unlogged(String sql) throws SQLException {
    execute("SET sql_log_bin = 0");
    execute(sql);
    execute("SET sql_log_bin = 1");
  }

  /** Begins another file of the binary log. */
  Place startFile() throws SQLException {
    execute("FLUSH BINARY LOGS");
    return end();
  }

  /** Where the binary log ends now. */
  Place end() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet status = statement.executeQuery("SHOW BINARY LOG STATUS")) {
      status.next();
      return new Place(status.getString(1), status.getLong(2));
    }
  }

  boolean hasFile(String file) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet files = statement.executeQuery("SHOW BINARY LOGS")) {
      while (files.next()) {
        if (files.getString(1).equals(file)) {
          return true;
        }
      }
      return false;
    }
  }

  long bytesBetween(Place start, Place end) throws SQLException {
    long bytes = end.offset() - start.offset();
    boolean within = false;
    try (Statement statement = connection.createStatement();
        ResultSet files = statement.executeQuery("SHOW BINARY LOGS")) {
      while (files.next()) {
        within |= files.getString(1).equals(start.file());
        if (files.getString(1).equals(end.file())) {
          return bytes;
        }
        bytes += within ? files.getLong(2) : 0;
      }
    }
    throw new SQLException(end.file() + " is not among the binary logs");
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
