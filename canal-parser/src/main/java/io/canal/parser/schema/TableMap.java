package io.canal.parser.schema;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * A decoded TABLE_MAP event: the physical shape of the rows that follow it under {@code tableId}.
 * Immutable; the arrays are shared and never written.
 *
 * @param tableId valid until the statement's end; ids are reused after a restart of the source
 * @param types one code of {@link ColumnType} per column, ENUM and SET resolved
 * @param metadata one number per column, as {@link Column#metadata} describes
 * @param nullable one flag per column
 * @param optional meaning of the columns, as far as the source says it; see {@link #full}
 */
@SuppressWarnings("ArrayRecordComponent") // read for every row; never handed out of the parser
public record TableMap(
    long tableId,
    String database,
    String table,
    int[] types,
    int[] metadata,
    boolean[] nullable,
    Optional<TableMetadata> optional) {
  public TableMap {
    requireNonNull(database, "database is null");
    requireNonNull(table, "table is null");
    requireNonNull(optional, "optional is null");
  }

  public int columnCount() {
    return types.length;
  }

  /** Names and meaning of the columns, present with {@code binlog_row_metadata=FULL}. */
  public Optional<TableMetadata> full() {
    return optional.filter(TableMetadata::full);
  }

  /** {@code database.table}, as messages name it. */
  public String qualifiedName() {
    return database + "." + table;
  }
}
