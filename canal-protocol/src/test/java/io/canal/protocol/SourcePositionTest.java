package io.canal.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.SourcePosition.OpenTransaction;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SourcePositionTest {
  private static final UUID SERVER = UUID.fromString("3e11fa47-71ca-11e1-9e33-c80aa9429562");

  @Test
  void shouldPrintEveryPart() {
    SourcePosition position =
        new SourcePosition(
            Optional.of(GtidSet.parse(SERVER + ":1-5:tag:2")),
            Optional.of(SERVER),
            "binlog.000042",
            1187,
            Optional.of(new OpenTransaction(SERVER + ":6", 12)));

    String text = position.toString();

    assertThat(text)
        .isEqualTo(
            "file=binlog.000042;offset=1187;server=%s;gtids=%s:1-5:tag:2;open=%s:6;rows=12"
                .formatted(SERVER, SERVER, SERVER));
    assertThat(SourcePosition.parse(text)).isEqualTo(position);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "binlog.000001",
        "a;b=c%d.1",
        "a+b c.000001",
        " leading and trailing ",
        "%3B",
        "журнал.000001",
        "日志\uD83D\uDE00.1",
        "tab\tline\n.1",
        "/var/log/mysql/bin:1,2.000001",
        "*.~_-1"
      })
  void shouldRoundTripAnyFileName(String file) {
    SourcePosition position =
        new SourcePosition(
            Optional.empty(),
            Optional.empty(),
            file,
            Long.MAX_VALUE,
            Optional.of(new OpenTransaction(file + ":4", Long.MAX_VALUE)));

    String text = position.toString();

    assertThat(text).isPrintable().doesNotContain(" ", "\n");
    assertThat(SourcePosition.parse(text)).isEqualTo(position);
    assertThat(SourcePosition.parse(" " + text + "\n")).isEqualTo(position);
  }

  @Test
  void shouldTellAnEmptySetFromNone() {
    SourcePosition without =
        new SourcePosition(Optional.empty(), Optional.empty(), "", 0, Optional.empty());
    SourcePosition empty =
        new SourcePosition(Optional.of(new GtidSet()), Optional.empty(), "", 0, Optional.empty());

    assertThat(SourcePosition.parse(empty.toString())).isEqualTo(empty).isNotEqualTo(without);
    assertThat(SourcePosition.parse(without.toString())).isEqualTo(without);
  }

  @Test
  void shouldNotChangeWithTheSetsItGaveAndTook() {
    GtidSet set = GtidSet.parse(SERVER + ":1");
    SourcePosition position =
        new SourcePosition(Optional.of(set), Optional.empty(), "", 0, Optional.empty());

    set.add(SERVER, "", 2, 2);
    position.gtids().orElseThrow().add(SERVER, "", 3, 3);

    assertThat(position.gtids()).contains(GtidSet.parse(SERVER + ":1"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "binlog.000001:4",
        "=binlog.000001;offset=4",
        "file=a;offset=x",
        "file=a;offset=-1",
        "file=a;offset=4;",
        "file=%zz;offset=4",
        "file=a;offset=4;server=7",
        "file=a;offset=4;gtids=7",
        "file=a;offset=4;open=a:4",
        "file=a;offset=4;open=a:4;rows=0",
        "file=a;offset=4;file=b"
      })
  void shouldShowTextThatIsNoPosition(String text) {
    assertThatThrownBy(() -> SourcePosition.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "' is no position");
  }
}
