package io.canal.protocol;

import static java.util.Objects.requireNonNull;

import java.util.Locale;
import java.util.UUID;
import java.util.regex.Matcher;
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
  private static final Pattern TEXT =
      Pattern.compile("([0-9a-fA-F-]{36}):(?:([a-zA-Z_][a-zA-Z0-9_]{0,31}):)?([0-9]{1,19})");

  public Gtid {
    requireNonNull(sid, "sid is null");
    requireNonNull(tag, "tag is null");
    if (number < 1) {
      throw new IllegalArgumentException("GTID number " + number + ", expected 1 or more");
    }
  }

  /** Reads MySQL's text form; throws {@link IllegalArgumentException} that shows the text. */
  public static Gtid parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is no GTID, expected uuid:number or uuid:tag:number");
    }
    String tag = matcher.group(2) == null ? "" : matcher.group(2).toLowerCase(Locale.ROOT);
    return new Gtid(UUID.fromString(matcher.group(1)), tag, Long.parseLong(matcher.group(3)));
  }

  @Override
  public String toString() {
    return sid + (tag.isEmpty() ? ":" : ":" + tag + ":") + number;
  }
}
