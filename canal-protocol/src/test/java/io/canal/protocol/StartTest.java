package io.canal.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StartTest {
  private static final String SID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "earliest",
        "now",
        "1970-01-01T00:00:00Z",
        "2026-11-25T09:30:00Z",
        "2026-11-25T09:30:00.123456Z",
        "binlog.000001:4",
        "mysql-bin.with.dots.1000000:9223372036854775807",
        SID + ":1",
        SID + ":1-5:8:tag:1-3,4e11fa47-71ca-11e1-9e33-c80aa9429562:7"
      })
  void shouldRoundTripText(String text) {
    assertThat(Start.parse(text)).hasToString(text);
  }

  @Test
  void shouldSayEachStartInCode() {
    GtidSet executed = GtidSet.parse(SID + ":1-5");

    assertThat(Start.parse("earliest")).isEqualTo(Start.earliest());
    assertThat(Start.parse("now")).isEqualTo(Start.now());
    assertThat(Start.parse("1970-01-01T00:00:01Z")).isEqualTo(Start.at(Instant.ofEpochSecond(1)));
    assertThat(Start.parse("binlog.000042:1187")).isEqualTo(Start.at("binlog.000042", 1187));
    assertThat(Start.parse(SID + ":1-5")).isEqualTo(Start.after(executed));
  }

  @Test
  void shouldReadTimeWithOffset() {
    assertThat(Start.parse(" 2026-11-25T17:30+08:00\n"))
        .isEqualTo(Start.at(Instant.parse("2026-11-25T09:30:00Z")));
  }

  @Test
  void shouldKeepItsGtidsFromLaterChanges() {
    GtidSet executed = GtidSet.parse(SID + ":1-5");
    Start.AfterGtids start = new Start.AfterGtids(executed);

    executed.add(UUID.fromString(SID), "", 6, 6);
    start.executed().add(UUID.fromString(SID), "", 7, 7);

    assertThat(start).hasToString(SID + ":1-5");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "latest",
        "Earliest",
        "2026-11-25",
        "2026-11-25T09:30:00", // of which zone?
        "2026-11-25 09:30:00Z",
        "2026-13-25T09:30:00Z",
        "1969-12-31T23:59:59Z",
        "binlog.000042",
        "binlog.000042:3",
        "binlog.000042:9223372036854775808",
        "binlog:1187",
        "../binlog.000042:4",
        SID,
        SID + ":0",
        ","
      })
  void shouldRefuseWhatIsNoStart(String text) {
    assertThatThrownBy(() -> Start.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "' is no start");
  }
}
