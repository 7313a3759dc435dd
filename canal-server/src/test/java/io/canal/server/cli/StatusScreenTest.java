package io.canal.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class StatusScreenTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-24T12:00:00Z"), ZoneOffset.UTC);

  @Test
  void shouldShowDestinationsAndConsumers() throws IOException {
    String json =
        """
        {"version": "1.2.3", "started": "2026-11-24T08:48:00Z", "address": "127.0.0.1:11111", "ready": true,
         "reasons": ["crm is STOPPED: binlog is off"],
         "instances": [{"destination": "example", "state": "RUNNING", "reason": "",
           "since": "2026-11-24T11:58:30Z", "source": "db1:3306", "position": "file=binlog.000042;offset=9",
           "lagMs": 0, "logBytes": 1572864, "logBudgetBytes": 67108864, "logDiskBytes": 2097152, "logDiskBudgetBytes": 1073741824,
           "events": 5000, "transactions": 1234, "bytes": 500,
           "consumers": [{"clientId": "1001", "filter": "", "state": "FAILED", "reason": "no binlog.000042", "position": "file=binlog.000042;offset=7",
             "lagMs": 1500, "outstandingBatches": 2, "address": null}]}]}
        """;
    StringWriter text = new StringWriter();

    new StatusScreen(new PrintWriter(text), new Paint(false), CLOCK)
        .print(new JsonMapper().readTree(json));

    assertThat(text.toString().lines().map(String::stripTrailing))
        .containsExactly(
            "Canal 1.2.3, clients connect to 127.0.0.1:11111, up 3 h 12 min, ready",
            "  crm is STOPPED: binlog is off",
            "",
            "example  RUNNING for 1 min 30 s, source db1:3306",
            "    position  file=binlog.000042;offset=9",
            "    lag 0 ms, log 1.5 MiB of 64.0 MiB and on disk 2.0 MiB of 1.0 GiB,"
                + " received 1,234 transactions, 5,000 events, 500 B",
            "    CLIENT       STATE       LAG        UNACKED  CONNECTED FROM         POSITION"
                + "                     FILTER",
            "    1001         FAILED      1.5 s      2        -                      binlog.000042:7"
                + "              -",
            "      no binlog.000042");
  }

  @Test
  void shouldShowTimesAndSizesShortly() {
    assertThat(StatusScreen.duration(999)).isEqualTo("999 ms");
    assertThat(StatusScreen.duration(59_999)).isEqualTo("60.0 s");
    assertThat(StatusScreen.duration(90_000_000)).isEqualTo("1 d 1 h");
    assertThat(StatusScreen.bytes(1023)).isEqualTo("1023 B");
    assertThat(StatusScreen.bytes(1 << 20)).isEqualTo("1.0 MiB");
    assertThat(StatusScreen.bytes(Long.MAX_VALUE)).isEqualTo("8192.0 PiB");
  }
}
