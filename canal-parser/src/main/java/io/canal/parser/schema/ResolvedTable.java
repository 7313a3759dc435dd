package io.canal.parser.schema;

import static java.util.Objects.requireNonNull;

/**
 * A version of a table and the physical shape of its rows; immutable.
 *
 * @param map the TABLE_MAP it was first met with; others of the version differ in the table id
 */
public record ResolvedTable(TableSchema schema, TableMap map) {
  public ResolvedTable {
    requireNonNull(schema, "schema is null");
    requireNonNull(map, "map is null");
  }

  /** What frames of the change log refer to; 1 or more. */
  public int version() {
    return schema.id();
  }
}
