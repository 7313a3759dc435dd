package io.canal.parser.charset;

import static org.assertj.core.api.Assertions.assertThat;

import io.canal.protocol.WriteBuffer;
import io.canal.testing.DatabaseServer;
import io.canal.testing.MariadbServer;
import io.canal.testing.MysqlServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Every code of every character set, converted by us and by the server. */
class MysqlCharsetsIT {
  @RegisterExtension static final MysqlServer mysql = MysqlServer.shared();
  @RegisterExtension static final MariadbServer mariadb = MariadbServer.shared();

  private static final String BYTES = "UNHEX(LPAD(HEX(i), 2, '0')) AS code FROM n WHERE i < 256";
  private static final String PAIRS = "UNHEX(HEX(i)) AS code FROM n WHERE i >= 32768";
  private static final String TRIPLES =
      "UNHEX(CONCAT('8F', HEX(i))) AS code FROM n WHERE i >= 41377";
  private static final String QUADS =
      "CONCAT(CHAR(0x81 + i DIV 12600 USING binary), CHAR(0x30 + i DIV 1260 MOD 10 USING binary),"
          + " CHAR(0x81 + i DIV 10 MOD 126 USING binary), CHAR(0x30 + i MOD 10 USING binary))"
          + " AS code FROM n WHERE i < 39420";

  @Test
  void shouldConvertEveryCodeAsMysqlDoes() throws Exception {
    compare(mysql);
  }

  @Test
  void shouldKnowEveryCollationOfMysql() throws Exception {
    compareCollations(mysql, "SELECT id, character_set_name FROM information_schema.collations");
  }

  @Test
  void shouldKnowEveryCollationOfMariadb() throws Exception {
    compareCollations(
        mariadb,
        "SELECT id, character_set_name"
            + " FROM information_schema.collation_character_set_applicability");
  }

  private static void compareCollations(DatabaseServer server, String sql) throws SQLException {
    int collations = 0;
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        assertThat(MysqlCharsets.byCollation(rows.getInt(1)))
            .as("collation %s", rows.getInt(1))
            .isEqualTo(MysqlCharsets.byName(rows.getString(2)))
            .isPresent();
        collations++;
      }
    }
    assertThat(collations).isGreaterThan(200);
  }

  private static void compare(DatabaseServer server) throws SQLException {
    String schema = server.createSchema("charsets");
    List<String> different = new ArrayList<>();
    try (Connection connection = server.connect(schema);
        Statement statement = connection.createStatement()) {
      statement.execute("SET cte_max_recursion_depth = 70000");
      statement.execute("CREATE TABLE n(i INT PRIMARY KEY)");
      statement.execute(
          "INSERT INTO n WITH RECURSIVE r AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM r"
              + " WHERE i < 65535) SELECT i FROM r");
      for (MysqlCharset charset : charsets(statement)) {
        compare(statement, charset, BYTES, different);
        if (charset.maxBytesPerChar() > 1) {
          compare(statement, charset, PAIRS, different);
        }
        if (charset.maxBytesPerChar() == 3) {
          compare(statement, charset, TRIPLES, different);
        }
        if (charset.maxBytesPerChar() == 4) {
          compare(statement, charset, QUADS, different);
        }
      }
    }
    assertThat(different).isEmpty();
  }

  /** Those that are neither Unicode nor binary. */
  private static List<MysqlCharset> charsets(Statement statement) throws SQLException {
    List<MysqlCharset> charsets = new ArrayList<>();
    try (ResultSet rows =
        statement.executeQuery(
            "SELECT character_set_name FROM information_schema.character_sets"
                + " WHERE character_set_name NOT REGEXP '^(utf|ucs|binary)'")) {
      while (rows.next()) {
        charsets.add(MysqlCharsets.byName(rows.getString(1)).orElseThrow());
      }
    }
    assertThat(charsets).hasSizeGreaterThan(30);
    return charsets;
  }

  private static void compare(
      Statement statement, MysqlCharset charset, String codes, List<String> different)
      throws SQLException {
    Transcoder transcoder = Transcoders.of(charset);
    WriteBuffer out = new WriteBuffer(16);
    String text = "CONVERT(code USING " + charset.name() + ")";
    try (ResultSet rows =
        statement.executeQuery(
            String.format(
                "SELECT code, CONVERT(%1$s USING utf8mb4) AS utf8 FROM (SELECT %2$s) c"
                    + " WHERE CHAR_LENGTH(%1$s) = 1 HAVING utf8 <> ''",
                text, codes))) {
      while (rows.next()) {
        byte[] code = rows.getBytes(1);
        out.clear();
        transcoder.write(code, 0, code.length, out);
        String found = HexFormat.of().formatHex(out.toByteArray());
        String expected = HexFormat.of().formatHex(rows.getBytes(2));
        boolean unmapped = expected.equals("3f"); // we may keep the code of a private use area
        if (!found.equals(expected) && !unmapped) {
          different.add(
              charset.name()
                  + " "
                  + HexFormat.of().formatHex(code)
                  + ": expected "
                  + expected
                  + ", found "
                  + found);
        }
      }
    }
  }
}
