package io.canal.parser.schema;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * One column as information_schema knows it now.
 *
 * @param columnType as SHOW CREATE TABLE prints it: {@code int(11) unsigned}
 * @param charset MySQL's name of the character set of a text, ENUM or SET; empty for other types
 * @param key whether it belongs to the PRIMARY KEY
 */
public record ColumnDefinition(
    String name, String columnType, Optional<String> charset, boolean key) {
  public ColumnDefinition {
    requireNonNull(name, "name is null");
    requireNonNull(columnType, "columnType is null");
    requireNonNull(charset, "charset is null");
  }
}
