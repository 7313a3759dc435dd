package io.canal.parser.schema;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * One column of one version of a table: its place in the row image and what its bytes mean.
 *
 * @param index 0-based ordinal in the table
 * @param type a code of {@link ColumnType}, ENUM and SET resolved
 * @param metadata what TABLE_MAP says of that type: VARCHAR, CHAR and BINARY the length in bytes,
 *     BLOB family, JSON, GEOMETRY and VECTOR the bytes of the length prefix, ENUM and SET the bytes
 *     of the value, NEWDECIMAL precision << 8 | scale, BIT the number of bits, DATETIME2,
 *     TIMESTAMP2 and TIME2 the fractional digits, FLOAT and DOUBLE the bytes of the value, else 0
 * @param unsigned whether a number is UNSIGNED; false for all other types
 * @param collation MySQL's collation id of a text; 63 (binary) where bytes are no text
 * @param key whether it belongs to the PRIMARY KEY
 * @param mysqlType lower-case type as SHOW CREATE TABLE prints it: {@code bigint unsigned}
 * @param members labels of an ENUM or SET in order; empty for other types or where not known
 */
public record Column(
    int index,
    String name,
    int type,
    int metadata,
    boolean unsigned,
    int collation,
    boolean key,
    String mysqlType,
    List<String> members) {
  /** The collation id of bytes that are no text. */
  public static final int BINARY_COLLATION = 63;

  public Column {
    requireNonNull(name, "name is null");
    requireNonNull(mysqlType, "mysqlType is null");
    members = List.copyOf(members);
  }
}
