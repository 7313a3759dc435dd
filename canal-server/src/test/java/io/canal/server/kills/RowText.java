package io.canal.server.kills;

import io.canal.protocol.CanalEntry.Column;
import io.canal.protocol.CanalEntry.EventType;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A row change as one line, {@code table|before|after}, made alike by who writes to MySQL and by
 * who gets entries. Long values are told by length and hash.
 */
final class RowText {
  private static final int MAX_VALUE_LENGTH = 100;

  private RowText() {}

  static String insert(String table, Object... after) {
    return table + "||" + row(List.of(after));
  }

  static String update(String table, List<Object> before, List<Object> after) {
    return table + "|" + row(before) + "|" + row(after);
  }

  static String delete(String table, Object... before) {
    return table + "|" + row(List.of(before)) + "|";
  }

  static String of(String table, EventType type, List<Column> before, List<Column> after) {
    return table
        + "|"
        + (type == EventType.INSERT ? "" : columns(before))
        + "|"
        + (type == EventType.DELETE ? "" : columns(after));
  }

  private static String columns(List<Column> columns) {
    return row(columns.stream().map(c -> c.getIsNull() ? "NULL" : c.getValue()).toList());
  }

  /** The values of a row, as they stand between the bars. */
  static String row(List<?> values) {
    return values.stream().map(RowText::value).collect(Collectors.joining(","));
  }

  private static String value(Object value) {
    String text = String.valueOf(value);
    return text.length() <= MAX_VALUE_LENGTH
        ? text
        : "#" + text.length() + ":" + Integer.toHexString(text.hashCode());
  }
}
