package io.canal.benchmark;

import io.canal.benchmark.process.Segment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.SplittableRandom;

/** Makes segments of a MySQL's binary log; the tables themselves are made outside of it. */
final class Workload implements AutoCloseable {
  private static final long SEED = 20260101;
  private static final int SBTEST_ROWS = 200_000;
  private static final int NUMBERS = 1000;
  private static final int STATEMENTS = 200;
  private static final long TABLE_ROWS = 250_000;
  private static final int TABLE_TRANSACTION_ROWS = 20;
  private static final long TABLE_STRIDE = 7919;
  private static final int PROGRESS_MS = 10_000;

  private final int port;
  private final Connection connection;
  private final SplittableRandom random = new SplittableRandom(SEED);

  // what the segment being made holds
  private long inserts;
  private long updates;
  private long deletes;
  private long transactions;
  private long nextProgressMs;

  private Workload(int port, Connection connection) {
    this.port = port;
    this.connection = connection;
  }

  static Workload open(int port) throws SQLException {
    try (Connection root = connect(port, "", "root", "")) {
      execute(
          root,
          "SET sql_log_bin = 0; CREATE USER IF NOT EXISTS '%s'@'%%' IDENTIFIED BY '%s'; GRANT ALL ON *.* TO '%1$s'@'%%'"
              .formatted(Segment.USER, Segment.PASSWORD));
    }
    // puts the password into the server's cache, without which Alibaba Canal cannot log in
    Workload workload = new Workload(port, connect(port, ""));
    workload.prepare();
    return workload;
  }

  static Connection connect(int port, String schema) throws SQLException {
    return connect(port, schema, Segment.USER, Segment.PASSWORD);
  }

  private static Connection connect(int port, String schema, String user, String password)
      throws SQLException {
    return DriverManager.getConnection(
        "jdbc:mysql://%s:%d/%s?allowMultiQueries=true&sslMode=DISABLED&allowPublicKeyRetrieval=true"
            .formatted(Segment.HOST, port, schema),
        user,
        password);
  }

  /** Of the MySQL server. */
  String version() throws SQLException {
    return connection.getMetaData().getDatabaseProductVersion();
  }

  private void prepare() throws SQLException {
    unlogged();
    execute("CREATE DATABASE IF NOT EXISTS " + Segment.SCHEMA);
    connection.setCatalog(Segment.SCHEMA);
    execute(
        "CREATE TABLE IF NOT EXISTS "
            + Segment.MARKER_TABLE
            + " (id INT AUTO_INCREMENT PRIMARY KEY, name CHAR(1) NOT NULL)");
    execute(
        "CREATE TABLE IF NOT EXISTS "
            + Segment.LATENCY_TABLE
            + " (id BIGINT AUTO_INCREMENT PRIMARY KEY, stamp BIGINT NOT NULL, pad VARCHAR(100) NOT NULL)");
    execute("CREATE TABLE IF NOT EXISTS numbers (i INT PRIMARY KEY)");
    execute(
        "INSERT IGNORE INTO numbers WITH RECURSIVE counted (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM counted WHERE i < "
            + (NUMBERS - 1)
            + ") SELECT i FROM counted");
    logged();
  }

  /**
   * The segment of that name; made if {@code description} is not of it yet.
   *
   * @param scale rows of {@code a}, from which b to e follow; tables of {@code f} and {@code g}
   */
  Segment segment(String name, long scale, Path description)
      throws SQLException, InterruptedException {
    if (Files.exists(description)) {
      Segment known = Segment.load(description);
      if (known.scale() == scale && known.mysqlPort() == port && hasFile(known.endFile())) {
        return known;
      }
    }
    Segment made = make(name, scale);
    made.store(description);
    return made;
  }

  private Segment make(String name, long scale) throws SQLException, InterruptedException {
    forget();
    nextProgressMs = System.currentTimeMillis() + PROGRESS_MS;
    boolean hasPrelude = name.equals("f") || name.equals("g");
    unlogged();
    if (hasPrelude) {
      ManyTables.create(port, (int) scale);
    } else {
      createTable(name);
    }
    logged();
    execute("FLUSH BINARY LOGS");
    Place start = place();
    Place counted = start;
    if (hasPrelude) {
      touchTables((int) scale);
      mark(name);
      counted = place();
    }
    String title =
        switch (name) {
          case "a" -> oltp(scale);
          case "b" -> wide(scale / 10);
          case "c" -> singleRows(scale / 2);
          case "d" -> oneTransaction(Math.max(1, 3 * scale / 2 / (NUMBERS * NUMBERS)));
          case "e" -> oltp(scale / 20);
          case "f", "g" -> manyTables((int) scale);
          default -> throw new IllegalArgumentException("segment '" + name + "', expected a to d");
        };
    mark(name);
    Place end = place();
    return new Segment(
        name,
        title,
        scale,
        port,
        start.file(),
        start.offset(),
        end.file(),
        end.offset(),
        bytesBetween(counted, end),
        hasPrelude,
        inserts,
        updates,
        deletes,
        transactions);
  }

  /** Where the binary log ends now, for that many rows of the latency table to come. */
  Segment latency(int rows) throws SQLException {
    execute("FLUSH BINARY LOGS");
    Place now = place();
    return new Segment(
        Segment.LATENCY,
        "",
        0,
        port,
        now.file(),
        now.offset(),
        now.file(),
        now.offset(),
        0,
        false,
        rows,
        0,
        0,
        rows);
  }

  private void createTable(String segment) throws SQLException {
    String sbtest =
        "id INT PRIMARY KEY, k INT NOT NULL DEFAULT 0, c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT ''";
    switch (segment) {
      case "a", "e" -> {
        execute("DROP TABLE IF EXISTS sbtest");
        execute("CREATE TABLE sbtest (" + sbtest + ", KEY (k))");
        execute(
            "INSERT INTO sbtest SELECT a.i * %d + b.i + 1, a.i, LEFT(SHA2(b.i, 512), 119), SHA2(a.i, 224) FROM numbers a, numbers b WHERE a.i < %d"
                .formatted(NUMBERS, SBTEST_ROWS / NUMBERS));
      }
      case "b" -> {
        execute("DROP TABLE IF EXISTS " + WideTable.NAME);
        execute(WideTable.create());
      }
      case "c" -> {
        execute("DROP TABLE IF EXISTS orders");
        execute(
            "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL, item VARCHAR(64) NOT NULL, amount DECIMAL(12,2) NOT NULL, at DATETIME(3) NOT NULL)");
      }
      default -> {
        execute("DROP TABLE IF EXISTS huge");
        execute("CREATE TABLE huge (" + sbtest + ")");
      }
    }
  }

  // ---- the segments

  /** Half updates, a quarter deletes, each followed by an insert of the same id. */
  private String oltp(long rows) throws SQLException {
    StringBuilder sql = new StringBuilder();
    while (updates + inserts + deletes < rows) {
      long left = rows - updates - inserts - deletes;
      int size = (int) Math.min(left, 1 + random.nextInt(50));
      sql.setLength(0);
      sql.append("BEGIN;");
      for (int i = 0; i < size; i++) {
        int id = 1 + random.nextInt(SBTEST_ROWS);
        int kind = random.nextInt(3);
        if (kind == 0 && i + 1 < size) {
          i++;
          sql.append("DELETE FROM sbtest WHERE id=")
              .append(id)
              .append(";INSERT INTO sbtest VALUES(");
          sql.append(id).append(',').append(random.nextInt(SBTEST_ROWS)).append(",'");
          digits(sql, 10).append("','");
          digits(sql, 5).append("');");
          deletes++;
          inserts++;
        } else if (kind == 1) {
          sql.append("UPDATE sbtest SET k=k+1 WHERE id=").append(id).append(';');
          updates++;
        } else {
          sql.append("UPDATE sbtest SET c='");
          digits(sql, 10).append("' WHERE id=").append(id).append(';');
          updates++;
        }
      }
      execute(sql.append("COMMIT").toString());
      transactions++;
      progress(updates + inserts + deletes, rows);
    }
    return "transactions of 1 to 50 rows: half updates, a quarter deletes and inserts, one row per event";
  }

  /** Groups of eleven digits, as sysbench fills its texts. */
  private StringBuilder digits(StringBuilder to, int groups) {
    for (int i = 0; i < groups; i++) {
      if (i > 0) {
        to.append('-');
      }
      to.append(10_000_000_000L + random.nextLong(90_000_000_000L));
    }
    return to;
  }

  private String wide(long rows) throws SQLException {
    long stored = rows * 8 / 10;
    int insertSize = 500;
    for (long at = 0; at < stored; at += insertSize) {
      long size = Math.min(insertSize, stored - at);
      execute(WideTable.insert(at, size));
      inserts += size;
      transactions++;
      progress(inserts, rows);
    }
    int changeSize = 100;
    for (long at = 0; at < rows * 15 / 100; at += changeSize) {
      long size = Math.min(changeSize, rows * 15 / 100 - at);
      execute(WideTable.update(at, size));
      updates += size;
      transactions++;
    }
    for (long at = 0; at < rows * 5 / 100; at += changeSize) {
      long size = Math.min(changeSize, rows * 5 / 100 - at);
      execute(WideTable.delete(at, size));
      deletes += size;
      transactions++;
    }
    return "60 columns of all types: 80 % inserts, 15 % updates, 5 % deletes";
  }

  private String singleRows(long rows) throws SQLException {
    StringBuilder sql = new StringBuilder();
    while (inserts < rows) {
      sql.setLength(0);
      for (int i = 0; i < STATEMENTS && inserts < rows; i++) {
        inserts++;
        transactions++;
        sql.append(i == 0 ? "" : ";")
            .append("INSERT INTO orders (customer, item, amount, at) VALUES (")
            .append(random.nextInt(1_000_000))
            .append(",'article-");
        digits(sql, 3).append("',").append(random.nextInt(10_000_000)).append("/100,NOW(3))");
      }
      execute(sql.toString());
      progress(inserts, rows);
    }
    return "transactions of a single row";
  }

  private String oneTransaction(long millions) throws SQLException {
    System.out.println("  one INSERT of " + millions + " million rows, which takes a while");
    execute(
        "INSERT INTO huge SELECT (a.i * %1$d + b.i) * %1$d + c.i, b.i * c.i, CONCAT(SHA2(b.i, 256), LEFT(SHA2(c.i, 256), 55)), LEFT(SHA2(a.i + c.i, 256), 59) FROM numbers a, numbers b, numbers c WHERE a.i < %2$d"
            .formatted(NUMBERS, millions));
    inserts = millions * NUMBERS * NUMBERS;
    transactions = 1;
    return "one transaction of " + millions + " million rows";
  }

  /** Single rows, twenty a transaction, each in a table that is far from the one before. */
  private String manyTables(int tables) throws SQLException {
    StringBuilder sql = new StringBuilder();
    while (inserts < TABLE_ROWS) {
      sql.setLength(0);
      sql.append("BEGIN;");
      for (int i = 0; i < TABLE_TRANSACTION_ROWS; i++) {
        inserts++;
        sql.append(ManyTables.insert((int) (inserts * TABLE_STRIDE % tables), inserts)).append(';');
      }
      transactions++;
      execute(sql.append("COMMIT").toString());
      progress(inserts, TABLE_ROWS);
    }
    return "single-row changes in " + tables + " tables, 20 a transaction";
  }

  /** A row for each table, so that a reader has seen all of them. */
  private void touchTables(int tables) throws SQLException {
    StringBuilder sql = new StringBuilder();
    for (int i = 0; i < tables; i++) {
      sql.append(ManyTables.insert(i, i)).append(';');
      if (i + 1 == tables || (i + 1) % TABLE_TRANSACTION_ROWS == 0) {
        execute("BEGIN;" + sql + "COMMIT");
        sql.setLength(0);
        progress(i, tables);
      }
    }
  }

  private void mark(String name) throws SQLException {
    execute("INSERT INTO %s (name) VALUES ('%s')".formatted(Segment.MARKER_TABLE, name));
  }

  private void forget() {
    inserts = 0;
    updates = 0;
    deletes = 0;
    transactions = 0;
  }

  private void progress(long done, long rows) {
    long now = System.currentTimeMillis();
    if (now >= nextProgressMs) {
      nextProgressMs = now + PROGRESS_MS;
      System.out.printf("  %,d of %,d rows written%n", done, rows);
    }
  }

  // ---- the binary log

  private record Place(String file, long offset) {}

  private Place place() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet status = statement.executeQuery("SHOW BINARY LOG STATUS")) {
      status.next();
      return new Place(status.getString(1), status.getLong(2));
    }
  }

  private boolean hasFile(String file) throws SQLException {
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

  private long bytesBetween(Place start, Place end) throws SQLException {
    long bytes = end.offset() - start.offset();
    try (Statement statement = connection.createStatement();
        ResultSet files = statement.executeQuery("SHOW BINARY LOGS")) {
      while (files.next()) {
        String file = files.getString(1);
        if (file.compareTo(start.file()) >= 0 && file.compareTo(end.file()) < 0) {
          bytes += files.getLong(2);
        }
      }
    }
    return bytes;
  }

  private void unlogged() throws SQLException {
    execute("SET sql_log_bin = 0");
  }

  private void logged() throws SQLException {
    execute("SET sql_log_bin = 1");
  }

  private void execute(String sql) throws SQLException {
    execute(connection, sql);
  }

  /** Executes one statement or several. */
  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
      while (statement.getMoreResults() || statement.getUpdateCount() != -1) {
        // an error of a later statement is thrown here
      }
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
