package io.canal.server.kills;

import io.canal.server.Await;
import io.canal.testing.MysqlServer;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Transactions of concurrent writers, and what each that was committed changed. The first row of
 * each is its id in the table {@code ledger}. A MySQL that dies is waited for, and asked whether it
 * has the transaction at hand. Each writer is one thread, and has rows of its own.
 */
final class Workload {
  static final List<String> TABLES = List.of("ledger", "account", "keyless", "stock", "big");
  static final int BIG_ROWS = 12_000;
  private static final int BIG_ROW_LENGTH = 1_024;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long PAUSE_MS = 10;

  private final MysqlServer mysql;
  private final String schema;
  private final AtomicLong nextId = new AtomicLong();
  private final Map<Long, List<String>> committed = new ConcurrentHashMap<>();
  private volatile boolean ended;

  Workload(MysqlServer mysql, String schema) throws SQLException {
    this.mysql = mysql;
    this.schema = schema;
    mysql.execute(
        "USE " + schema,
        "CREATE TABLE ledger (id BIGINT PRIMARY KEY, writer INT)",
        "CREATE TABLE account (id BIGINT PRIMARY KEY, owner VARCHAR(40) CHARACTER SET utf8mb4,"
            + " balance DECIMAL(10,2), visits INT UNSIGNED NULL)",
        "CREATE TABLE keyless (a BIGINT, b VARCHAR(60), KEY (b))",
        "CREATE TABLE stock (warehouse INT, item BIGINT, amount DOUBLE,"
            + " PRIMARY KEY (warehouse, item))",
        "CREATE TABLE big (id BIGINT PRIMARY KEY, payload VARCHAR(1100) CHARACTER SET ascii)",
        "SET SESSION cte_max_recursion_depth = " + BIG_ROWS,
        "CREATE TABLE numbers (n BIGINT PRIMARY KEY) AS WITH RECURSIVE r (n) AS"
            + " (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n + 1 < "
            + BIG_ROWS
            + ") SELECT n FROM r");
  }

  /** The rows of each committed transaction, in their order, by its id in {@code ledger}. */
  Map<Long, List<String>> committed() {
    return committed;
  }

  /** The writers come to their end. */
  void end() {
    ended = true;
  }

  /** What a transaction does; nothing of it counts unless it is committed. */
  private static final class Change {
    final List<String> statements = new ArrayList<>();
    final List<String> rows = new ArrayList<>();
  }

  /** Writes small transactions until {@link #end}. */
  void write(int writer, long seed) throws InterruptedException {
    Random random = new Random(seed);
    Rows rows = new Rows(writer);
    while (!ended) {
      Rows after = rows.copy();
      Change change = new Change();
      for (int i = 1 + random.nextInt(4); i > 0; i--) {
        after.change(random, change);
      }
      if (commit(writer, change)) {
        rows = after;
      }
      Thread.sleep(random.nextInt((int) (2 * PAUSE_MS)));
    }
  }

  /** One transaction of some 12 MiB inserts rows, another one deletes them. */
  void writeBig(long round) throws InterruptedException {
    long base = round * BIG_ROWS;
    Change insert = new Change();
    Change delete = new Change();
    insert.statements.add(
        "INSERT INTO big SELECT %d + n, REPEAT(LPAD(%d + n, 16, 'x'), %d) FROM numbers ORDER BY n"
            .formatted(base, base, BIG_ROW_LENGTH / 16));
    delete.statements.add(
        "DELETE FROM big WHERE id >= %d AND id < %d ORDER BY id".formatted(base, base + BIG_ROWS));
    for (long id = base; id < base + BIG_ROWS; id++) {
      String digits = Long.toString(id);
      String payload = ("x".repeat(16 - digits.length()) + digits).repeat(BIG_ROW_LENGTH / 16);
      insert.rows.add(RowText.insert("big", id, payload));
      delete.rows.add(RowText.delete("big", id, payload));
    }
    if (commit(0, insert) && round % 2 == 0) {
      commit(0, delete);
    }
  }

  /** The last transaction of all; gives its text in the ledger. */
  String writeLast() throws InterruptedException {
    Change nothing = new Change();
    if (!commit(-1, nothing)) {
      throw new IllegalStateException("the last transaction was not committed");
    }
    return RowText.insert("ledger", nextId.get(), -1);
  }

  private boolean commit(int writer, Change change) throws InterruptedException {
    long id = nextId.incrementAndGet();
    change.rows.add(0, RowText.insert("ledger", id, writer));
    boolean done;
    try (Connection connection = mysql.connect(schema);
        Statement statement = connection.createStatement()) {
      connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      connection.setAutoCommit(false);
      statement.execute("INSERT INTO ledger VALUES (%d, %d)".formatted(id, writer));
      for (String sql : change.statements) {
        statement.execute(sql);
      }
      connection.commit();
      done = true;
    } catch (SQLException e) {
      done = wasCommitted(id);
    }
    if (done) {
      committed.put(id, change.rows);
    }
    return done;
  }

  /** Asks MySQL, once it runs again. */
  private boolean wasCommitted(long id) {
    boolean[] found = new boolean[1];
    Await.until(
        "MySQL knows whether transaction " + id + " was committed",
        PATIENCE,
        mysql::toString,
        () -> {
          try (Connection connection = mysql.connect(schema);
              Statement statement = connection.createStatement();
              ResultSet rows = statement.executeQuery("SELECT 1 FROM ledger WHERE id = " + id)) {
            found[0] = rows.next();
            return true;
          }
        });
    return found[0];
  }

  /** The rows that one writer has in the tables. Key columns first. */
  private static final class Rows {
    private final int writer;
    private final SortedMap<Long, List<Object>> accounts;
    private final SortedMap<String, Long> keyless;
    private final SortedMap<Long, List<Object>> stock;
    private long last;

    Rows(int writer) {
      this(writer, new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), writer * 1_000_000L);
    }

    private Rows(
        int writer,
        SortedMap<Long, List<Object>> accounts,
        SortedMap<String, Long> keyless,
        SortedMap<Long, List<Object>> stock,
        long last) {
      this.writer = writer;
      this.accounts = accounts;
      this.keyless = keyless;
      this.stock = stock;
      this.last = last;
    }

    Rows copy() {
      return new Rows(
          writer, new TreeMap<>(accounts), new TreeMap<>(keyless), new TreeMap<>(stock), last);
    }

    void change(Random random, Change change) {
      switch (random.nextInt(7)) {
        case 0, 1 -> insertAccounts(1 + random.nextInt(5), change);
        case 2 -> updateAccounts(random, change);
        case 3 -> deleteAccounts(random, change);
        case 4 -> insertKeyless(change);
        case 5 -> changeKeyless(random, change);
        default -> changeStock(random, change);
      }
    }

    private void insertAccounts(int count, Change change) {
      List<String> values = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        long id = ++last;
        String owner = "Zoë 中文 " + id;
        accounts.put(id, List.of(id, owner, new BigDecimal("10.00"), "NULL"));
        values.add("(%d, '%s', 10, NULL)".formatted(id, owner));
        change.rows.add(RowText.insert("account", id, owner, "10.00", "NULL"));
      }
      change.statements.add("INSERT INTO account VALUES " + String.join(", ", values));
    }

    private List<Long> some(SortedMap<Long, ?> of, Random random) {
      return of.keySet().stream().filter(id -> random.nextInt(4) == 0).limit(20).toList();
    }

    private static String in(List<Long> ids) {
      return ids.toString().replace('[', '(').replace(']', ')');
    }

    private void updateAccounts(Random random, Change change) {
      List<Long> ids = some(accounts, random);
      if (ids.isEmpty()) {
        return;
      }
      long visits = 3_000_000_000L + last;
      for (long id : ids) {
        List<Object> before = accounts.get(id);
        List<Object> after =
            List.of(
                id,
                before.get(1),
                ((BigDecimal) before.get(2)).add(new BigDecimal("1.25")),
                visits);
        accounts.put(id, after);
        if (!after.equals(before)) {
          change.rows.add(RowText.update("account", before, after));
        }
      }
      change.statements.add(
          "UPDATE account SET balance = balance + 1.25, visits = %d WHERE id IN %s ORDER BY id"
              .formatted(visits, in(ids)));
    }

    private void deleteAccounts(Random random, Change change) {
      List<Long> ids = some(accounts, random);
      if (ids.isEmpty()) {
        return;
      }
      for (long id : ids) {
        change.rows.add(RowText.delete("account", accounts.remove(id).toArray()));
      }
      change.statements.add("DELETE FROM account WHERE id IN " + in(ids) + " ORDER BY id");
    }

    private void insertKeyless(Change change) {
      String b = "writer " + writer + " row " + ++last;
      keyless.put(b, last);
      change.statements.add("INSERT INTO keyless VALUES (%d, '%s')".formatted(last, b));
      change.rows.add(RowText.insert("keyless", last, b));
    }

    private void changeKeyless(Random random, Change change) {
      if (keyless.isEmpty()) {
        return;
      }
      String b = keyless.firstKey();
      long a = keyless.remove(b);
      if (random.nextBoolean()) {
        change.statements.add("DELETE FROM keyless WHERE b = '" + b + "'");
        change.rows.add(RowText.delete("keyless", a, b));
        return;
      }
      long newA = ++last;
      keyless.put(b, newA);
      change.statements.add("UPDATE keyless SET a = %d WHERE b = '%s'".formatted(newA, b));
      change.rows.add(RowText.update("keyless", List.of(a, b), List.of(newA, b)));
    }

    /** A new item, or one whose key changes. */
    private void changeStock(Random random, Change change) {
      long item = ++last;
      if (stock.isEmpty() || random.nextBoolean()) {
        stock.put(item, List.of(writer, item, 0.5));
        change.statements.add("INSERT INTO stock VALUES (%d, %d, 0.5)".formatted(writer, item));
        change.rows.add(RowText.insert("stock", writer, item, 0.5));
        return;
      }
      List<Object> before = stock.remove(stock.firstKey());
      List<Object> after = List.of(writer, item, 0.5);
      stock.put(item, after);
      change.statements.add(
          "UPDATE stock SET item = %d WHERE warehouse = %d AND item = %d"
              .formatted(item, writer, (Long) before.get(1)));
      change.rows.add(RowText.update("stock", before, after));
    }
  }
}
