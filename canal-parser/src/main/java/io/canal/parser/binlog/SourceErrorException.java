package io.canal.parser.binlog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.util.Locale;

/**
 * An error that the source itself reported (an ERR packet). {@link #kind} says what that means for
 * whoever wants its binary log; everything else that can fail on a connection is another {@link
 * IOException}.
 */
public final class SourceErrorException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What the error means. */
  public enum Kind {
    /** Another replica connected under the server_id of this dump, which the source then ended. */
    SAME_SERVER_ID,
    /** The source no longer has the binary log that was asked for. */
    PURGED,
    /** Wrong account, wrong password, or a privilege that is missing. */
    ACCESS_DENIED,
    /** The source is starting, stopping or full: it may be better soon. */
    UNAVAILABLE,
    /** Another fatal error of the dump, 1236: corrupt log, impossible position. */
    FATAL_DUMP,
    OTHER
  }

  private static final String NO_STATE = "HY000";
  private static final int FATAL_ERROR_READING_BINLOG = 1236;
  private static final int MARIADB_SLAVE_SAME_ID = 4052;

  private final int number;
  private final String sqlState;
  private final Kind kind;

  public SourceErrorException(int number, String sqlState, String message) {
    super("source error " + number + " (" + sqlState + "): " + message);
    this.number = number;
    this.sqlState = requireNonNull(sqlState, "sqlState is null");
    this.kind = kindOf(number, message);
  }

  /**
   * Reads an ERR packet: {@code FF}, the number in two bytes, {@code #} and the SQL state, the
   * message.
   */
  public static SourceErrorException parse(byte[] packet) {
    if (packet.length < 3) {
      return new SourceErrorException(0, NO_STATE, "error packet of " + packet.length + " bytes");
    }
    int number = (packet[1] & 0xFF) | ((packet[2] & 0xFF) << 8);
    boolean hasState = packet.length >= 9 && packet[3] == '#';
    int text = hasState ? 9 : 3;
    return new SourceErrorException(
        number,
        hasState ? new String(packet, 4, 5, UTF_8) : NO_STATE,
        new String(packet, text, packet.length - text, UTF_8));
  }

  private static Kind kindOf(int number, String message) {
    String text = message.toLowerCase(Locale.ROOT);
    // MySQL and older MariaDB say it in 1236, MariaDB since 11 has a number of its own
    if (number == MARIADB_SLAVE_SAME_ID || text.contains("same server_uuid/server_id")) {
      return Kind.SAME_SERVER_ID;
    }
    return switch (number) {
      case FATAL_ERROR_READING_BINLOG ->
          text.contains("purged") || text.contains("could not find first log file")
              ? Kind.PURGED
              : Kind.FATAL_DUMP;
      // 1044, 1045, 1698 account; 1142, 1143, 1227 privileges; 1820, 1862, 3118 expired or locked
      case 1044, 1045, 1698, 1130, 1142, 1143, 1227, 1820, 1862, 3118, 3955 -> Kind.ACCESS_DENIED;
      // 1040, 1203, 1226 too many connections; 1053, 1077, 1079 shutdown; 1158-1161 network;
      // 1205, 1317 timeout, interrupted; 3168 starting
      case 1040, 1053, 1077, 1079, 1158, 1159, 1160, 1161, 1203, 1205, 1226, 1317, 3168 ->
          Kind.UNAVAILABLE;
      default -> Kind.OTHER;
    };
  }

  /** MySQL's error number, for example 1236. */
  public int number() {
    return number;
  }

  /** The five characters of the SQL state, {@code HY000} where the source sent none. */
  public String sqlState() {
    return sqlState;
  }

  public Kind kind() {
    return kind;
  }
}
