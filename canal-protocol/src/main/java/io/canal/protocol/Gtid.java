package io.canal.protocol;

import static java.util.Objects.requireNonNull;

import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The global identifier of one transaction: the UUID of the server it began on, an optional tag
 * (MySQL 8.3 and later) and a number. Its text is MySQL's: {@code uuid:7} or {@code uuid:tag:7}.
 *
 * @param sid the source's UUID
 * @param tag lower-case tag of up to 32 characters, empty where there is none
 * @param number 1 or more
 */
public record Gtid(UUID sid, String tag, long number) {
  static final Pattern TAG = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]{0,31}");
  private static final Pattern SID =
      Pattern.compile("\\p{XDigit}{8}(?:-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");

  public Gtid {
    requireNonNull(sid, "sid is null");
    requireNonNull(tag, "tag is null");
    if (number < 1) {
      throw new IllegalArgumentException("GTID number " + number + ", expected 1 or more");
    }
  }

  /** Reads MySQL's text form; throws {@link IllegalArgumentException} that shows the text. */
  public static Gtid parse(String text) {
    String[] fields = text.strip().split(":", -1);
    try {
      boolean tagged = fields.length == 3 && TAG.matcher(fields[1]).matches();
      String number = fields[fields.length - 1];
      if (!(tagged || fields.length == 2) || !number.matches("[0-9]{1,19}")) {
        throw new IllegalArgumentException("found " + fields.length + " fields");
      }
      return new Gtid(
          parseSid(fields[0]),
          tagged ? fields[1].toLowerCase(Locale.ROOT) : "",
          Long.parseLong(number));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'" + text + "' is no GTID, expected uuid:number or uuid:tag:number", e);
    }
  }

  /** Reads a UUID strictly: {@link UUID#fromString} takes wrong lengths and drops what is over. */
  static UUID parseSid(String text) {
    if (!SID.matcher(text).matches()) {
      throw new IllegalArgumentException("'" + text + "' is no UUID");
    }
    return UUID.fromString(text);
  }

  @Override
  public String toString() {
    return sid + (tag.isEmpty() ? ":" : ":" + tag + ":") + number;
  }
}
