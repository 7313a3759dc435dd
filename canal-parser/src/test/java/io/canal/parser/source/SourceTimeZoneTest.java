package io.canal.parser.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SourceTimeZoneTest {
  private static final Instant SUMMER = Instant.parse("2026-07-01T00:00:00Z");
  private static final Instant WINTER = Instant.parse("2026-01-01T00:00:00Z");
  private static final ZoneId SHANGHAI = ZoneId.of("Asia/Shanghai");
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
  private static final ZoneId UTC = ZoneOffset.UTC;

  private static SourceTimeZone system(
      String systemTimeZone, String offset, ZoneId machine, Instant now) {
    return SourceTimeZone.ofSource("SYSTEM", systemTimeZone, ZoneOffset.of(offset), machine, now);
  }

  @Test
  void shouldTakeTheConfiguredZone() {
    assertThat(SourceTimeZone.configured(" Asia/Shanghai ").zone()).isEqualTo(SHANGHAI);
    assertThat(SourceTimeZone.configured("+08:00").zone()).isEqualTo(ZoneOffset.ofHours(8));
    assertThatThrownBy(() -> SourceTimeZone.configured("Shanghai"))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("canal.instance.timezone='Shanghai'");
  }

  @Test
  void shouldTakeTheSourcesGlobalZone() {
    assertThat(SourceTimeZone.ofSource("+08:00", "CST", ZoneOffset.ofHours(8), UTC, SUMMER).zone())
        .isEqualTo(ZoneOffset.ofHours(8));
    assertThat(
            SourceTimeZone.ofSource("Europe/Berlin", "UTC", ZoneOffset.ofHours(2), UTC, SUMMER)
                .zone())
        .isEqualTo(BERLIN);
  }

  @Test
  void shouldRefuseAGlobalZoneThatIsNotKnownHere() {
    assertThatThrownBy(
            () -> SourceTimeZone.ofSource("Mine/Own", "UTC", ZoneOffset.ofHours(8), UTC, SUMMER))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("time_zone is 'Mine/Own'")
        .hasMessageContaining("canal.instance.timezone")
        .hasMessageContaining("Asia/Shanghai");
  }

  @Test
  void shouldTakeASystemZoneOfOneMeaning() {
    assertThat(system("UTC", "Z", SHANGHAI, SUMMER).zone()).isEqualTo(UTC);
    assertThat(system("Asia/Shanghai", "+08:00", UTC, SUMMER))
        .isEqualTo(new SourceTimeZone(SHANGHAI, Optional.empty()));
  }

  @Test
  void shouldRefuseASystemZoneThatTheClockContradicts() {
    assertThatThrownBy(() -> system("UTC", "+08:00", UTC, SUMMER))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("system_time_zone is 'UTC', but its clock is at UTC+08:00")
        .hasMessageContaining("Asia/Shanghai");
    assertThatThrownBy(() -> system("Europe/Berlin", "+01:00", BERLIN, SUMMER))
        .isInstanceOf(CanalException.class);
  }

  @Test
  void shouldTakeAnAbbreviationAsThisMachinesOwnZoneAndSaySo() {
    SourceTimeZone shanghai = system("CST", "+08:00", SHANGHAI, SUMMER);

    assertThat(shanghai.zone()).isEqualTo(SHANGHAI);
    assertThat(shanghai.warning().orElseThrow())
        .contains("'CST'")
        .contains("canal.instance.timezone=Asia/Shanghai");
    // the name stays the one of the half year in which the source was started
    assertThat(system("CET", "+02:00", BERLIN, SUMMER).zone()).isEqualTo(BERLIN);
    assertThat(system("CEST", "+02:00", BERLIN, SUMMER).zone()).isEqualTo(BERLIN);
    assertThat(system("CET", "+01:00", BERLIN, WINTER).zone()).isEqualTo(BERLIN);
    assertThat(system("+04", "+04:00", ZoneId.of("Asia/Dubai"), SUMMER).zone())
        .isEqualTo(ZoneId.of("Asia/Dubai"));
  }

  @Test
  void shouldNotGuessWhatAnAbbreviationMeans() {
    assertThatThrownBy(() -> system("CST", "+08:00", UTC, SUMMER))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("'CST'")
        .hasMessageContaining("set canal.instance.timezone, likely to one of Asia/Shanghai")
        .hasMessageEndingWith("+08:00");
    assertThatThrownBy(() -> system("CST", "-06:00", SHANGHAI, WINTER))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("America/Chicago");
    assertThatThrownBy(() -> system("CST", "+08:00", ZoneId.of("America/Chicago"), WINTER))
        .isInstanceOf(CanalException.class);
    // London in winter is no UTC
    assertThatThrownBy(() -> system("GMT", "Z", SHANGHAI, WINTER))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("Europe/London")
        .hasMessageEndingWith("UTC");
  }

  @Test
  void shouldReadTheDifferenceOfTheClocks() {
    assertThat(SourceTimeZone.offsetOf("08:00:00")).isEqualTo(ZoneOffset.ofHours(8));
    assertThat(SourceTimeZone.offsetOf("-03:30:00")).isEqualTo(ZoneOffset.ofHoursMinutes(-3, -30));
    assertThat(SourceTimeZone.offsetOf("00:00:00")).isEqualTo(ZoneOffset.UTC);
    assertThatThrownBy(() -> SourceTimeZone.offsetOf("soon")).isInstanceOf(CanalException.class);
  }
}
