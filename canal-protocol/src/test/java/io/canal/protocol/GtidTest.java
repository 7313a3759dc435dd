package io.canal.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GtidTest {
  private static final String SID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

  @ParameterizedTest
  @ValueSource(strings = {SID + ":1", SID + ":9223372036854775807", SID + ":a_1:7", SID + ":_:23"})
  void shouldRoundTripText(String text) {
    assertThat(Gtid.parse(text)).hasToString(text);
  }

  @Test
  void shouldReadUpperCaseAsMysqlPrintsIt() {
    Gtid gtid = Gtid.parse("  3E11FA47-71CA-11E1-9E33-C80AA9429562:Tag:5\n");

    assertThat(gtid).isEqualTo(new Gtid(UUID.fromString(SID), "tag", 5));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        SID,
        SID + ":",
        SID + ":0",
        SID + ":-1",
        SID + ":+1",
        SID + ":1-2",
        SID + ":9223372036854775808",
        SID + ":1:2",
        SID + ":1a:2",
        SID + ":a:b:2",
        SID + ":a123456789012345678901234567890123:2",
        "3e11fa4-771ca-11e1-9e33-c80aa9429562:1",
        "------------------------------------:1",
        "0-1-5"
      })
  void shouldShowTextThatIsNoGtid(String text) {
    assertThatThrownBy(() -> Gtid.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "' is no GTID");
  }
}
