package io.canal.parser.log;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.UUID;

/**
 * A binary log file of one server.
 *
 * @param serverUuid the server that wrote it; absent on MariaDB
 */
public record LogFile(Optional<UUID> serverUuid, String name) {
  public LogFile {
    requireNonNull(serverUuid, "serverUuid is null");
    requireNonNull(name, "name is null");
  }

  /**
   * Orders two file names of one server by their number; as text {@code .999999} would follow
   * {@code .1000000}.
   */
  public static int compareNames(String left, String right) {
    long leftNumber = number(left);
    long rightNumber = number(right);
    return leftNumber != rightNumber
        ? Long.compare(leftNumber, rightNumber)
        : left.compareTo(right);
  }

  /**
   * Whether {@code offset} in this file comes before {@code otherOffset} in the other one; false
   * where they cannot be compared.
   */
  boolean precedes(long offset, LogFile other, long otherOffset) {
    if (!isComparableTo(other)) {
      return false;
    }
    int order = compareNames(name, other.name);
    return order < 0 || (order == 0 && offset < otherOffset);
  }

  /** Whether both are of one server; a position may name no file. */
  boolean isComparableTo(LogFile other) {
    return serverUuid.equals(other.serverUuid) && name.isEmpty() == other.name.isEmpty();
  }

  private static long number(String name) {
    String digits = name.substring(name.lastIndexOf('.') + 1);
    return !digits.isEmpty() && digits.length() <= 18 && digits.chars().allMatch(Character::isDigit)
        ? Long.parseLong(digits)
        : -1;
  }
}
