package io.canal.parser.source;

import static io.canal.parser.source.Sources.config;
import static org.assertj.core.api.Assertions.assertThat;

import io.canal.testing.MysqlServer;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class SourceChecksIT {
  @RegisterExtension static final MysqlServer mysql = MysqlServer.of("9.7");

  @Test
  void shouldPassAnAccountWithTheThreeGrants() throws Exception {
    mysql.execute(
        "CREATE USER three IDENTIFIED BY 'pw'",
        "GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO three");

    assertThat(fatal("three")).isEmpty();
  }

  @Test
  void shouldPassAnAccountThatHasThemByARole() throws Exception {
    mysql.execute(
        "CREATE DATABASE shop",
        "CREATE ROLE streaming",
        "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO streaming",
        "GRANT SELECT ON shop.* TO streaming",
        "CREATE USER by_role IDENTIFIED BY 'pw' DEFAULT ROLE streaming");

    assertThat(fatal("by_role")).isEmpty();
  }

  @Test
  void shouldNameEachMissingGrant() throws Exception {
    mysql.execute("CREATE USER none IDENTIFIED BY 'pw'");
    assertThat(fatal("none"))
        .contains("GRANT REPLICATION CLIENT ON *.* TO 'none'@'%'")
        .contains("GRANT REPLICATION SLAVE ON *.* TO 'none'@'%'")
        .contains("GRANT SELECT ON *.* TO 'none'@'%'");

    mysql.execute("GRANT SELECT, REPLICATION CLIENT ON *.* TO none");
    assertThat(fatal("none")).contains("REPLICATION SLAVE").doesNotContain("CLIENT", "SELECT");

    mysql.execute("REVOKE REPLICATION CLIENT ON *.* FROM none");
    mysql.execute("GRANT REPLICATION SLAVE ON *.* TO none");
    assertThat(fatal("none")).contains("REPLICATION CLIENT").doesNotContain("SLAVE", "SELECT");
  }

  private static String fatal(String user) throws IOException {
    return check(config(mysql, user, "pw", SslMode.PREFERRED)).stream()
        .filter(SourceChecks.Problem::fatal)
        .map(SourceChecks.Problem::text)
        .collect(Collectors.joining("\n"));
  }

  private static List<SourceChecks.Problem> check(SourceConfig config) throws IOException {
    try (SqlSession session = SqlSession.open(config)) {
      return SourceChecks.check(SourceInfo.read(session), session, config);
    }
  }

  @Test
  void shouldNameSettingsThatKeepASourceFromBeingStreamed() throws Exception {
    try (MysqlServer off =
        MysqlServer.of("9.7")
            .withOptions("--skip-log-bin", "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF")) {
      String problems =
          check(config(off)).stream()
              .map(SourceChecks.Problem::text)
              .collect(Collectors.joining("\n"));

      assertThat(problems).contains("the binary log is off").contains("binlog_row_metadata");
    }
  }
}
