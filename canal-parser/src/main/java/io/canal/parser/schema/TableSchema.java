package io.canal.parser.schema;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * One version of a table's definition. Immutable, and never rewritten: a DDL makes a new one with a
 * new id, while changes in the log keep the one that they were written under.
 *
 * @param id rises by one for each version that this process meets; the change log refers to it
 */
public record TableSchema(int id, String database, String table, List<Column> columns) {
  public TableSchema {
    requireNonNull(database, "database is null");
    requireNonNull(table, "table is null");
    columns = List.copyOf(columns);
  }

  /** {@code database.table}, as filters and messages name it. */
  public String qualifiedName() {
    return database + "." + table;
  }
}
