package io.canal.parser.charset;

import static java.util.Objects.requireNonNull;

/**
 * A character set of MySQL or MariaDB.
 *
 * @param name as SHOW CHARACTER SET prints it; {@code utf8mb3}, never {@code utf8}
 * @param maxBytesPerChar the widest character
 * @param defaultCollation id of its default collation in MySQL 8.0 and later; utf8mb4's differs in
 *     MySQL 5.7 and in MariaDB, which is no matter to who wants the character set
 */
public record MysqlCharset(String name, int maxBytesPerChar, int defaultCollation) {
  public MysqlCharset {
    requireNonNull(name, "name is null");
  }
}
