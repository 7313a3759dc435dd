package io.canal.parser.schema;

import java.util.List;

/**
 * The optional metadata of a TABLE_MAP event (MySQL 8.0.1 and later, MariaDB 10.5 and later).
 *
 * @param full whether it names the columns, as with {@code binlog_row_metadata=FULL}
 * @param signedness whether it says which numbers are unsigned
 * @param columns in the table's order
 */
public record TableMetadata(boolean full, boolean signedness, List<ColumnMetadata> columns) {
  public TableMetadata {
    columns = List.copyOf(columns);
  }
}
