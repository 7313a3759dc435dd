package io.canal.parser.schema;

import static java.util.Objects.requireNonNull;

/**
 * A version of a table and the physical shape of its rows; immutable.
 *
 * @param schema without columns for a table that is not wanted
 * @param map the TABLE_MAP it was first met with; others of the version differ in the table id
 * @param wanted whether the destination's filter lets it pass
 */
public record ResolvedTable(TableSchema schema, TableMap map, boolean wanted) {
  public ResolvedTable {
    requireNonNull(schema, "schema is null");
    requireNonNull(map, "map is null");
  }

  /** What frames of the change log refer to; 1 or more. */
  public int version() {
    return schema.id();
  }
}
