package io.canal.protocol;

import static java.util.Objects.requireNonNull;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a consumer wants to begin in a source's binary log. Immutable. A transaction is delivered
 * whole or not at all: each start names the first transaction, never a place within one.
 *
 * <p>Its one text form, on the wire, in files and on the command line, is {@code toString}'s and
 * {@link #parse}'s:
 *
 * <ul>
 *   <li>{@code earliest}: the oldest transaction that the source's binary log still has
 *   <li>{@code now}: what is committed after the request
 *   <li>{@code 2026-11-25T09:30:00Z} or {@code 2026-11-25T17:30:00+08:00}: the first transaction
 *       committed at that time or later
 *   <li>{@code binlog.000042:1187}: the first transaction that ends behind that place
 *   <li>{@code 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5}: what a GTID set does not hold
 * </ul>
 */
public sealed interface Start {
  /** The oldest transaction that the source's binary log still has. */
  static Start earliest() {
    return Fixed.EARLIEST;
  }

  /** What is committed after the request. */
  static Start now() {
    return Fixed.NOW;
  }

  /** The first transaction committed at a time or later; the binary log counts whole seconds. */
  static Start at(Instant time) {
    return new AtTime(time);
  }

  /**
   * The first transaction that ends behind a place: the one that begins there, or that the place is
   * inside of.
   *
   * @param file a binary log file's name
   * @param offset bytes from its start, the begin or end of an event; within one it is refused
   */
  static Start at(String file, long offset) {
    return new AtOffset(file, offset);
  }

  /** The first transaction that a set does not hold. */
  static Start after(GtidSet executed) {
    return new AfterGtids(executed);
  }

  /** Reads the text form; throws {@link IllegalArgumentException} that shows the text. */
  static Start parse(String text) {
    String stripped = requireNonNull(text, "text is null").strip();
    for (Fixed fixed : Fixed.values()) {
      if (fixed.text.equals(stripped)) {
        return fixed;
      }
    }
    try {
      Matcher place = AtOffset.PLACE.matcher(stripped);
      if (place.matches()) {
        return at(place.group(1), Long.parseLong(place.group(2)));
      }
      boolean dated =
          stripped.length() > 10 && stripped.charAt(4) == '-' && stripped.charAt(7) == '-';
      return dated
          ? at(OffsetDateTime.parse(stripped).toInstant())
          : after(GtidSet.parse(stripped));
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is no start, expected earliest, now, a time such as 2026-11-25T09:30:00Z,"
              + " file:offset such as binlog.000042:4, or a GTID set: "
              + e.getMessage(),
          e);
    }
  }

  /** The starts that need no more than their name. */
  enum Fixed implements Start {
    EARLIEST("earliest"),
    NOW("now");

    private final String text;

    Fixed(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * By the time of the commit.
   *
   * @param time not before 1970
   */
  record AtTime(Instant time) implements Start {
    public AtTime {
      if (requireNonNull(time, "time is null").isBefore(Instant.EPOCH)) {
        throw new IllegalArgumentException("time " + time + ", expected 1970 or later");
      }
    }

    @Override
    public String toString() {
      return time.toString();
    }
  }

  /**
   * By file and offset.
   *
   * @param offset 4, where a file's first event stands, or more
   */
  record AtOffset(String file, long offset) implements Start {
    private static final int FIRST_EVENT = 4;
    // as MySQL names them: a base without a path, a dot, and six digits or more
    private static final Pattern FILE = Pattern.compile("[^/\\\\:\\s]+\\.[0-9]{6,10}");
    private static final Pattern PLACE = Pattern.compile("(" + FILE + "):([0-9]{1,19})");

    public AtOffset {
      if (!FILE.matcher(requireNonNull(file, "file is null")).matches()) {
        throw new IllegalArgumentException(
            "file '" + file + "', expected a name such as binlog.000042");
      }
      if (offset < FIRST_EVENT) {
        throw new IllegalArgumentException(
            "offset " + offset + ", expected " + FIRST_EVENT + " or more");
      }
    }

    @Override
    public String toString() {
      return file + ":" + offset;
    }
  }

  /** By what was executed before; holds a copy of the set. */
  record AfterGtids(GtidSet executed) implements Start {
    public AfterGtids {
      executed = requireNonNull(executed, "executed is null").copy();
      if (executed.isEmpty()) {
        throw new IllegalArgumentException("an empty GTID set, expected 'earliest' for that");
      }
    }

    /** A copy of the set; the start itself never changes. */
    @Override
    public GtidSet executed() {
      return executed.copy();
    }

    @Override
    public String toString() {
      return executed.toString();
    }
  }
}
