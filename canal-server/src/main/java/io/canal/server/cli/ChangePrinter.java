package io.canal.server.cli;

import static java.util.Objects.requireNonNull;

import io.canal.client.Change;
import io.canal.client.Column;
import io.canal.client.RowImage;
import java.io.PrintWriter;
import java.sql.Types;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;

/**
 * Prints a change as one line: time, kind, table and columns; of an update the key and what
 * changed, as {@code old -> new}. Owned by one thread.
 */
final class ChangePrinter {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
  private static final int LONGEST_VALUE = 120;

  private final PrintWriter out;
  private final Paint paint;
  private final ZoneId zone;

  ChangePrinter(PrintWriter out, Paint paint, ZoneId zone) {
    this.out = requireNonNull(out, "out is null");
    this.paint = requireNonNull(paint, "paint is null");
    this.zone = requireNonNull(zone, "zone is null");
  }

  void print(Change change) {
    StringBuilder line = new StringBuilder(128);
    String time = TIME.format(Instant.ofEpochMilli(change.executeTimeMs()).atZone(zone));
    line.append(paint.faint(time)).append("  ");
    switch (change.operation()) {
      case INSERT -> {
        row(line, paint.green("INSERT"), change);
        columns(line, change.after());
      }
      case UPDATE -> {
        row(line, paint.yellow("UPDATE"), change);
        update(line, change.before(), change.after());
      }
      case DELETE -> {
        row(line, paint.red("DELETE"), change);
        columns(line, change.before());
      }
      case DDL -> statement(line, change);
    }
    out.println(line);
  }

  private void row(StringBuilder line, String kind, Change change) {
    line.append(kind).append("  ");
    line.append(paint.bold(plain(change.schema() + "." + change.table())));
  }

  private void statement(StringBuilder line, Change change) {
    String kind = "%-6s".formatted(change.eventType().name());
    line.append(paint.cyan(kind)).append("  ");
    if (!change.ddlSchema().isEmpty()) {
      line.append(paint.bold(plain(change.ddlSchema()))).append("  ");
    }
    line.append(paint.cyan(shorten(plain(change.sql().strip()), 500)));
  }

  private void columns(StringBuilder line, RowImage row) {
    for (int i = 0; i < row.size(); i++) {
      name(line, row.column(i));
      line.append(value(row.column(i)));
    }
  }

  private void update(StringBuilder line, RowImage before, RowImage after) {
    for (int i = 0; i < after.size(); i++) {
      Column column = after.column(i);
      if (!column.isKey() && !column.isUpdated()) {
        continue;
      }
      name(line, column);
      if (column.isUpdated() && before.contains(column.name())) {
        line.append(paint.faint(value(before.column(column.name())))).append(" -> ");
      }
      line.append(column.isUpdated() ? paint.yellow(value(column)) : value(column));
    }
  }

  private void name(StringBuilder line, Column column) {
    String name = plain(column.name());
    line.append("  ").append(column.isKey() ? paint.bold(name) : name).append('=');
  }

  private static String value(Column column) {
    if (column.isNull()) {
      return "NULL";
    }
    if (column.sqlType() == Types.BLOB) {
      return shorten("0x" + HexFormat.of().formatHex(column.getBytes()), LONGEST_VALUE);
    }
    String text = shorten(plain(column.getString()), LONGEST_VALUE);
    return isQuoted(column.sqlType()) ? "'" + text + "'" : text;
  }

  private static boolean isQuoted(int sqlType) {
    return switch (sqlType) {
      case Types.CHAR, Types.VARCHAR, Types.CLOB -> true;
      default -> false;
    };
  }

  private static String shorten(String text, int longest) {
    return text.length() <= longest ? text : text.substring(0, longest) + "...";
  }

  /** Row data must not move the cursor or change the colours of a terminal. */
  private static String plain(String text) {
    StringBuilder plain = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c)) {
        if (plain == null) {
          plain = new StringBuilder(text);
        }
        plain.setCharAt(i, c == '\n' || c == '\r' || c == '\t' ? ' ' : '?');
      }
    }
    return plain == null ? text : plain.toString();
  }
}
