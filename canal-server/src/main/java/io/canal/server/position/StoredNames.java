package io.canal.server.position;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.Set;
import java.util.regex.Pattern;

/** The rule for names of consumers and destinations: fit for a file name and for a znode. */
final class StoredNames {
  private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}");

  /** Znodes beside the consumers (wire-protocol section 9); {@code parse} is the original's. */
  private static final Set<String> RESERVED = Set.of("cluster", "parse", "running", "start");

  private StoredNames() {}

  static boolean isConsumer(String name) {
    return ALLOWED.matcher(name).matches() && !RESERVED.contains(name);
  }

  static String checkConsumer(String name) {
    if (!isConsumer(name)) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST,
          "consumer name '%s', expected 1 to 128 letters, digits, '_', '-' or '.' (not first), and none of %s"
              .formatted(printable(name), RESERVED.stream().sorted().toList()));
    }
    return name;
  }

  static String checkDestination(String name) {
    if (!ALLOWED.matcher(name).matches()) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST,
          "destination name '%s', expected 1 to 128 letters, digits, '_', '-' or '.' (not first)"
              .formatted(printable(name)));
    }
    return name;
  }

  private static String printable(String name) {
    String start = name.length() > 128 ? name.substring(0, 128) + "..." : name;
    return start.replaceAll("\\p{Cntrl}", "?");
  }
}
