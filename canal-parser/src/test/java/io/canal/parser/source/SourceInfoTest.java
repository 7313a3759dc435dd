package io.canal.parser.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SourceInfoTest {
  private static final Map<String, String> GOOD =
      Map.of(
          "version", "9.7.4-2",
          "server_uuid", "737b33c0-e860-11f1-97ae-02fc00000001",
          "server_id", "1",
          "gtid_mode", "ON",
          "log_bin", "ON",
          "binlog_format", "ROW",
          "binlog_row_image", "FULL",
          "binlog_row_metadata", "FULL",
          "binlog_checksum", "CRC32",
          "time_zone", "SYSTEM");

  private static SourceInfo with(String... changes) {
    Map<String, String> variables = new HashMap<>(GOOD);
    for (int i = 0; i < changes.length; i += 2) {
      variables.put(changes[i], changes[i + 1]);
    }
    return SourceInfo.of(variables);
  }

  @Test
  void shouldCompareVersionsByNumber() {
    assertThat(with("version", "8.0.31").isAtLeast(8, 0, 4)).isTrue();
    assertThat(with("version", "8.0.4-log").isAtLeast(8, 0, 22)).isFalse();
    assertThat(with("version", "10.11.6-MariaDB").isAtLeast(10, 5, 0)).isTrue();
    assertThat(with("version", "9.7").isAtLeast(9, 7, 0)).isTrue();
    assertThat(with("version", "9.7").isAtLeast(9, 7, 1)).isFalse();
    assertThat(with("version", "mine").isAtLeast(1, 0, 0)).isFalse();
  }

  @Test
  void shouldTellTheFamiliesApart() {
    SourceInfo mariadb =
        SourceInfo.of(Map.of("version", "11.8.9-MariaDB-log", "server_id", "3", "log_bin", "ON"));

    assertThat(mariadb.isMariadb()).isTrue();
    assertThat(mariadb.serverUuid()).isEmpty();
    assertThat(mariadb.gtidMode()).isFalse();
    assertThat(with().flavor()).isEqualTo(SourceInfo.Flavor.MYSQL);
    assertThat(with().serverUuid()).isPresent();
    assertThat(with("gtid_mode", "ON_PERMISSIVE").gtidMode()).isFalse();
  }

  @Test
  void shouldFindNothingWrongWithAGoodSource() {
    assertThat(SourceChecks.settings(with())).isEmpty();
  }

  @Test
  void shouldNameAllProblemsAtOnceWithWhatMendsThem() {
    List<SourceChecks.Problem> problems =
        SourceChecks.settings(
            with(
                "version", "5.1.73",
                "log_bin", "OFF",
                "binlog_format", "MIXED",
                "binlog_row_value_options", "PARTIAL_JSON",
                "binlog_row_image", "MINIMAL",
                "binlog_row_metadata", "MINIMAL"));

    assertThat(problems)
        .extracting(SourceChecks.Problem::fatal)
        .containsExactly(true, true, true, true, false, false);
    SourceConfig config = config(Optional.empty());
    assertThatThrownBy(() -> SourceChecks.requireNoFatal(config, problems))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("db:3306 cannot be streamed")
        .hasMessageContaining("version '5.1.73'")
        .hasMessageContaining("log_bin=binlog")
        .hasMessageContaining("SET GLOBAL binlog_format = ROW")
        .hasMessageContaining("SET GLOBAL binlog_row_value_options = ''");
    SourceChecks.requireNoFatal(config, problems.subList(4, 6));
  }

  @Test
  void shouldQuoteTheAccountForGrants() {
    assertThat(SourceChecks.account("canal@%")).isEqualTo("'canal'@'%'");
    assertThat(SourceChecks.account("a@b@10.0.0.1")).isEqualTo("'a@b'@'10.0.0.1'");
  }

  @Test
  void shouldNeverPrintAPassword() {
    SourceConfig config =
        config(Optional.of(new SourceConfig.TrustStore(Path.of("ca.p12"), "hidden-too")));

    assertThat(config.toString())
        .doesNotContain("hidden")
        .contains("password=***")
        .contains("db:3306")
        .contains("ca.p12");
  }

  private static SourceConfig config(Optional<SourceConfig.TrustStore> trustStore) {
    return new SourceConfig(
        "db", 3306, "canal", "hidden", SslMode.VERIFY_CA, trustStore, 0, 1000, 15_000, 0);
  }
}
