package io.canal.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MysqlServerIT {
  @RegisterExtension static final MysqlServer mysql = MysqlServer.shared();

  @RegisterExtension
  static final MysqlServer own =
      MysqlServer.of("9.7").withOptions("--binlog-row-metadata=FULL", "--lower_case_table_names=1");

  @Test
  void shouldBeReadyToReplicate() throws SQLException {
    assertThat(query(mysql, "SELECT @@log_bin, @@binlog_format, @@gtid_mode, @@server_id > 0"))
        .isEqualTo("1,ROW,ON,1");
  }

  @Test
  void shouldCreateSchemasThatDiffer() throws SQLException {
    String first = mysql.createSchema("shop");
    String second = mysql.createSchema("shop");

    mysql.execute("CREATE TABLE " + first + ".t (id INT PRIMARY KEY)");
    mysql.execute("CREATE TABLE " + second + ".t (id INT PRIMARY KEY)");

    assertThat(query(mysql, "SELECT COUNT(*) FROM " + first + ".t")).isEqualTo("0");
  }

  @Test
  void shouldKeepCommittedRowsOverKillAndStop() throws SQLException {
    String schema = own.createSchema("Kept");
    int port = own.port();
    own.execute(
        "CREATE TABLE " + schema + ".t (id INT PRIMARY KEY)",
        "INSERT INTO " + schema + ".t VALUES (1)");

    own.kill();
    own.start();
    own.execute("INSERT INTO " + schema + ".t VALUES (2)");
    own.stop();
    own.start();

    assertThat(query(own, "SELECT GROUP_CONCAT(id) FROM " + schema + ".t")).isEqualTo("1,2");
    assertThat(own.port()).isEqualTo(port);
  }

  @Test
  void shouldPassOptions() throws SQLException {
    assertThat(query(own, "SELECT @@binlog_row_metadata, @@lower_case_table_names"))
        .isEqualTo("FULL,1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"8.0", "5.7"})
  void shouldStartOlderVersions(String version) throws SQLException {
    try (MysqlServer older = MysqlServer.of(version)) {
      assertThat(query(older, "SELECT VERSION(), @@log_bin, @@binlog_format, @@gtid_mode"))
          .startsWith(version + ".")
          .endsWith(",1,ROW,ON");
    }
  }

  static String query(DatabaseServer server, String sql) throws SQLException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      List<String> values = new ArrayList<>();
      for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
        values.add(row.getString(i));
      }
      return String.join(",", values);
    }
  }
}
