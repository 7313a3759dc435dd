package io.canal.parser.schema;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads definitions of tables from a source's information_schema. It needs SELECT on the table, and
 * nothing else. Called by the thread that owns the session.
 */
public final class InformationSchema implements TableReader {
  /** Runs one statement on the source; a value is null where SQL's is. */
  @FunctionalInterface
  public interface Session {
    List<String[]> query(String sql) throws IOException;
  }

  private static final String COLUMNS =
      "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME"
          + " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
          + " ORDER BY ORDINAL_POSITION";

  // COLUMNS.COLUMN_KEY says PRI of a UNIQUE key too, where the table has no PRIMARY KEY.
  private static final String PRIMARY_KEY =
      "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME"
          + " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
          + " AND INDEX_NAME = 'PRIMARY'";

  private final Session session;

  public InformationSchema(Session session) {
    this.session = requireNonNull(session, "session is null");
  }

  @Override
  public Optional<List<ColumnDefinition>> read(String database, String table) {
    Set<String> key = new HashSet<>();
    for (String[] row : select(PRIMARY_KEY, database, table)) {
      key.add(row[2]);
    }
    List<ColumnDefinition> columns = new ArrayList<>();
    for (String[] row : select(COLUMNS, database, table)) {
      columns.add(
          new ColumnDefinition(row[2], row[3], Optional.ofNullable(row[4]), key.contains(row[2])));
    }
    return columns.isEmpty() ? Optional.empty() : Optional.of(columns);
  }

  private List<String[]> select(String statement, String database, String table) {
    List<String[]> rows;
    try {
      rows = session.query(String.format(statement, literal(database), literal(table)));
    } catch (IOException e) {
      throw new CanalException(
          ErrorCode.RETRY, "cannot read information_schema: " + e.getMessage(), e);
    }
    // Some sources compare names here without regard to case, although they tell such tables apart.
    List<String[]> exact =
        rows.stream().filter(row -> row[0].equals(database) && row[1].equals(table)).toList();
    return exact.isEmpty() ? rows : exact;
  }

  /** Safe whatever the name and the sql_mode. */
  private static String literal(String name) {
    return "_utf8mb4 x'" + HexFormat.of().formatHex(name.getBytes(UTF_8)) + "'";
  }
}
