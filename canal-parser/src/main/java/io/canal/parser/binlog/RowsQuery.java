package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

/**
 * The statement that the following rows come from: MySQL's ROWS_QUERY, MariaDB's ANNOTATE_ROWS.
 * Written in the client's character set, which the event does not name; read here as UTF-8.
 */
public record RowsQuery(String sql) {
  public RowsQuery {
    requireNonNull(sql, "sql is null");
  }

  public static RowsQuery decode(byte[] array, int offset, int length) {
    EventCursor cursor = new EventCursor("ROWS_QUERY", array, offset, length);
    if (EventHeader.type(array, offset) != EventType.MARIADB_ANNOTATE_ROWS) {
      cursor.skip(1); // a length of one byte, wrong for all longer texts
    }
    return new RowsQuery(cursor.text(cursor.remaining(), UTF_8));
  }
}
