package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TimeZone;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds the time zone in which TIMESTAMP values are shown: the configured one, else the source's
 * global {@code time_zone}. Where the source answers SYSTEM, its {@code system_time_zone} counts
 * only if it has one meaning; a guess would shift every value, so that the start stops instead.
 *
 * @param warning what an operator should be told; absent where the zone is beyond doubt
 */
public record SourceTimeZone(ZoneId zone, Optional<String> warning) {
  public static final String KEY = "canal.instance.timezone";

  private static final Pattern NUMERIC = Pattern.compile("([+-])(0\\d|1[0-4]):?([0-5]\\d)?");
  private static final Pattern TIME_DIFFERENCE =
      Pattern.compile("(-?)(\\d{1,3}):(\\d{2}):(\\d{2})(?:\\.\\d+)?");
  private static final int MAX_SUGGESTIONS = 4;
  // The zones that most servers stand in come first among the suggestions.
  private static final List<String> FREQUENT =
      List.of(
          "Asia/Shanghai",
          "America/New_York",
          "America/Chicago",
          "America/Denver",
          "America/Los_Angeles",
          "America/Sao_Paulo",
          "Europe/London",
          "Europe/Berlin",
          "Europe/Athens",
          "Europe/Moscow",
          "Asia/Kolkata",
          "Asia/Jerusalem",
          "Asia/Tokyo",
          "Asia/Seoul",
          "Asia/Singapore",
          "Australia/Sydney");

  public SourceTimeZone {
    requireNonNull(zone, "zone is null");
    requireNonNull(warning, "warning is null");
  }

  /**
   * Asks the source where needed.
   *
   * @param configured the value of {@value #KEY}, if it is set
   * @throws CanalException to stop the instance, naming the key and likely values
   */
  public static SourceTimeZone resolve(
      Optional<String> configured, SourceInfo info, SqlSession session) throws IOException {
    if (configured.isPresent()) {
      return configured(configured.get());
    }
    String difference = session.query("SELECT TIMEDIFF(NOW(), UTC_TIMESTAMP())").get(0)[0];
    return ofSource(
        info.timeZone(),
        info.systemTimeZone(),
        offsetOf(difference),
        ZoneId.systemDefault(),
        Instant.now());
  }

  static SourceTimeZone configured(String value) {
    try {
      return new SourceTimeZone(ZoneId.of(value.strip()), Optional.empty());
    } catch (DateTimeException e) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          KEY + "='" + value + "' is no time zone, expected for example Asia/Shanghai, UTC, +08:00",
          e);
    }
  }

  /**
   * The pure rule.
   *
   * @param offset of the source's clock from UTC now
   * @param machine this machine's own zone
   */
  static SourceTimeZone ofSource(
      String timeZone, String systemTimeZone, ZoneOffset offset, ZoneId machine, Instant now) {
    if (!timeZone.equalsIgnoreCase("SYSTEM")) {
      try {
        return new SourceTimeZone(ZoneId.of(timeZone), Optional.empty());
      } catch (DateTimeException e) {
        throw unclear("time_zone is '" + timeZone + "', which is not known here", "", offset, now);
      }
    }
    boolean utc = systemTimeZone.equals("UTC") || systemTimeZone.equals("Etc/UTC");
    if (utc || isRegion(systemTimeZone)) {
      ZoneId zone = utc ? ZoneOffset.UTC : ZoneId.of(systemTimeZone);
      if (!zone.getRules().getOffset(now).equals(offset)) {
        throw unclear(
            "system_time_zone is '" + systemTimeZone + "', but its clock is at UTC" + show(offset),
            "",
            offset,
            now);
      }
      return new SourceTimeZone(zone, Optional.empty());
    }
    boolean sameOffset = machine.getRules().getOffset(now).equals(offset);
    if (sameOffset && printsAs(machine, systemTimeZone, now)) {
      return new SourceTimeZone(
          machine,
          Optional.of(
              "the source's time zone is the abbreviation '%s', taken as this machine's own %s; set %s=%s to say so"
                  .formatted(systemTimeZone, machine, KEY, machine)));
    }
    throw unclear(
        "time_zone is SYSTEM and system_time_zone the abbreviation '"
            + systemTimeZone
            + "', which does not say which rules it follows",
        systemTimeZone,
        offset,
        now);
  }

  private static boolean isRegion(String name) {
    return name.indexOf('/') > 0 && ZoneId.getAvailableZoneIds().contains(name);
  }

  /** Whether a clock in {@code zone} shows {@code abbreviation}, now or in the other half year. */
  private static boolean printsAs(ZoneId zone, String abbreviation, Instant now) {
    Matcher numeric = NUMERIC.matcher(abbreviation);
    if (numeric.matches()) {
      // zones without letters, such as Asia/Dubai, show their offset
      return zone.getRules().getOffset(now).equals(offset(numeric));
    }
    TimeZone names = TimeZone.getTimeZone(zone);
    return abbreviation.equals(names.getDisplayName(false, TimeZone.SHORT, Locale.US))
        || (names.useDaylightTime()
            && abbreviation.equals(names.getDisplayName(true, TimeZone.SHORT, Locale.US)))
        || abbreviation.equals(
            DateTimeFormatter.ofPattern("zzz", Locale.US).format(now.atZone(zone)));
  }

  private static CanalException unclear(
      String what, String abbreviation, ZoneOffset offset, Instant now) {
    List<String> values = new ArrayList<>();
    Stream.concat(FREQUENT.stream(), ZoneId.getAvailableZoneIds().stream().sorted())
        .filter(id -> isRegion(id) && !id.startsWith("Etc/") && !id.startsWith("SystemV/"))
        .filter(id -> ZoneId.of(id).getRules().getOffset(now).equals(offset))
        .filter(id -> abbreviation.isEmpty() || printsAs(ZoneId.of(id), abbreviation, now))
        .distinct()
        .limit(MAX_SUGGESTIONS)
        .forEach(values::add);
    values.add(offset.equals(ZoneOffset.UTC) ? "UTC" : offset.getId());
    return new CanalException(
        ErrorCode.STOP_INSTANCE,
        "the source's %s: set %s, likely to one of %s"
            .formatted(what, KEY, String.join(", ", values)));
  }

  private static String show(ZoneOffset offset) {
    return offset.equals(ZoneOffset.UTC) ? "+00:00" : offset.getId();
  }

  /** Reads what {@code TIMEDIFF(NOW(), UTC_TIMESTAMP())} answers: {@code -03:30:00}. */
  static ZoneOffset offsetOf(String difference) {
    Matcher matcher = TIME_DIFFERENCE.matcher(difference);
    if (!matcher.matches()) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE, "time difference '" + difference + "', expected -hh:mm:ss");
    }
    int seconds =
        Integer.parseInt(matcher.group(2)) * 3600
            + Integer.parseInt(matcher.group(3)) * 60
            + Integer.parseInt(matcher.group(4));
    // NOW() and UTC_TIMESTAMP() are one moment of one statement, so that there is no fraction
    return ZoneOffset.ofTotalSeconds(matcher.group(1).isEmpty() ? seconds : -seconds);
  }

  private static ZoneOffset offset(Matcher numeric) {
    int minutes =
        Integer.parseInt(numeric.group(2)) * 60
            + (numeric.group(3) == null ? 0 : Integer.parseInt(numeric.group(3)));
    return ZoneOffset.ofTotalSeconds((numeric.group(1).equals("-") ? -minutes : minutes) * 60);
  }
}
