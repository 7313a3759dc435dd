package io.canal.testing;

import static io.canal.testing.MysqlServerIT.query;
import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MariadbServerIT {

  @ParameterizedTest
  @ValueSource(strings = {"11.8", "10.11"})
  void shouldKeepCommittedRowsOverKill(String version) throws SQLException {
    try (MariadbServer mariadb =
        MariadbServer.of(version).withOptions("--binlog-row-metadata=FULL")) {
      String schema = mariadb.createSchema("kept");
      mariadb.execute(
          "CREATE TABLE " + schema + ".t (id INT PRIMARY KEY)",
          "INSERT INTO " + schema + ".t VALUES (1)");

      mariadb.kill();
      mariadb.start();

      assertThat(query(mariadb, "SELECT id FROM " + schema + ".t")).isEqualTo("1");
      assertThat(
              query(mariadb, "SELECT VERSION(), @@binlog_row_metadata, @@log_bin, @@binlog_format"))
          .startsWith(version + ".")
          .endsWith(",FULL,1,ROW");
    }
  }
}
