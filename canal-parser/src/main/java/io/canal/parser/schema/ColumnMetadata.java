package io.canal.parser.schema;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * What the optional metadata of a TABLE_MAP event says of one column.
 *
 * @param name empty unless the metadata is full
 * @param unsigned false where the signedness is not known
 * @param collation MySQL's id; {@link #UNKNOWN} where not said
 * @param members labels of an ENUM or SET; empty for other types or where not said
 * @param geometryType MySQL's code of a GEOMETRY's subtype; {@link #UNKNOWN} where not said
 * @param vectorDimensions the most numbers of a VECTOR; {@link #UNKNOWN} where not said
 * @param key whether it belongs to the PRIMARY KEY; false unless the metadata is full
 * @param visible false for an INVISIBLE column, true where not said
 */
public record ColumnMetadata(
    String name,
    boolean unsigned,
    int collation,
    List<String> members,
    int geometryType,
    int vectorDimensions,
    boolean key,
    boolean visible) {
  public static final int UNKNOWN = -1;

  /** A column of which nothing is said. */
  static final ColumnMetadata NONE =
      new ColumnMetadata("", false, UNKNOWN, List.of(), UNKNOWN, UNKNOWN, false, true);

  public ColumnMetadata {
    requireNonNull(name, "name is null");
    members = List.copyOf(members);
  }
}
