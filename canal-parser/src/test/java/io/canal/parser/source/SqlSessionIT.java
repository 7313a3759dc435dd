package io.canal.parser.source;

import static io.canal.parser.source.Sources.config;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.canal.parser.binlog.SourceErrorException;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.testing.MysqlServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class SqlSessionIT {
  @RegisterExtension static final MysqlServer mysql = MysqlServer.of("9.7");

  @Test
  void shouldReadRowsAsText() throws Exception {
    try (SqlSession session = SqlSession.open(config(mysql))) {
      List<String[]> rows =
          session.query(
              "SELECT 1, NULL, '', 'ü€😀' UNION ALL SELECT 2, 'x', REPEAT('y', 70000), 'z'");

      assertThat(rows).hasSize(2);
      assertThat(rows.get(0)).containsExactly("1", null, "", "ü€😀");
      assertThat(rows.get(1)[2]).hasSize(70_000);
      assertThat(session.query("SELECT 1 FROM DUAL WHERE FALSE")).isEmpty();
      session.execute("SET @a = 1");
      assertThat(session.query("SELECT @a").get(0)[0]).isEqualTo("1");
    }
  }

  @Test
  void shouldReportWhatTheSourceRefusesAndGoOn() throws Exception {
    try (SqlSession session = SqlSession.open(config(mysql))) {
      SourceErrorException error =
          catchThrowableOfType(SourceErrorException.class, () -> session.query("SELECT nonsense"));

      assertThat(error.number()).isEqualTo(1054);
      assertThat(error.sqlState()).isEqualTo("42S22");
      assertThat(session.query("SELECT 7").get(0)[0]).isEqualTo("7");
    }
  }

  @Test
  void shouldLogInWithCachingSha2WithAndWithoutTls() throws Exception {
    // longer than the scramble that hides it
    String password = "a rather long password, longer than twenty bytes: 'x\"";
    for (SslMode mode : List.of(SslMode.DISABLED, SslMode.PREFERRED, SslMode.REQUIRED)) {
      String user = "sha2_" + mode.name().toLowerCase(Locale.ROOT);
      mysql.execute(
          "CREATE USER "
              + user
              + " IDENTIFIED BY 'a rather long password, longer than twenty"
              + " bytes: ''x\"'");

      // the first login sends the password itself, hidden by TLS or RSA; the second a hash of it
      for (int login = 0; login < 2; login++) {
        try (SqlSession session = SqlSession.open(config(mysql, user, password, mode))) {
          assertThat(session.query("SELECT CURRENT_USER()").get(0)[0]).isEqualTo(user + "@%");
          assertThat(session.encrypted()).isEqualTo(mode != SslMode.DISABLED);
        }
      }
    }
  }

  @Test
  void shouldLogInWithoutAPassword() throws Exception {
    mysql.execute("CREATE USER nobody IDENTIFIED BY ''");
    try (SqlSession session = SqlSession.open(config(mysql, "nobody", "", SslMode.DISABLED))) {
      assertThat(session.query("SELECT 1").get(0)[0]).isEqualTo("1");
    }
  }

  @Test
  void shouldNameAWrongPasswordAndNeverShowIt() throws Exception {
    mysql.execute("CREATE USER wrong IDENTIFIED BY 'right'");

    SourceErrorException error =
        catchThrowableOfType(
            SourceErrorException.class,
            () -> SqlSession.open(config(mysql, "wrong", "not-this-one", SslMode.PREFERRED)));

    assertThat(error.kind()).isEqualTo(SourceErrorException.Kind.ACCESS_DENIED);
    assertThat(error.number()).isEqualTo(1045);
    assertThat(error).hasMessageContaining("wrong").hasMessageNotContaining("not-this-one");
  }

  @Test
  void shouldVerifyTheCertificateWhereAsked(@TempDir Path directory) throws Exception {
    String pem = Files.readString(mysql.dataDirectory().orElseThrow().resolve("ca.pem"));
    Path ca = Files.writeString(directory.resolve("ca.pem"), pem);
    Optional<SourceConfig.TrustStore> trusted = Optional.of(new SourceConfig.TrustStore(ca, ""));

    try (SqlSession session = SqlSession.open(tls(SslMode.VERIFY_CA, trusted))) {
      assertThat(session.encrypted()).isTrue();
    }
    // the source made its certificate itself: no public authority, and no name of a host
    assertHandshakeFails(tls(SslMode.VERIFY_CA, Optional.empty()));
    assertHandshakeFails(tls(SslMode.VERIFY_IDENTITY, trusted));
  }

  private static SourceConfig tls(SslMode mode, Optional<SourceConfig.TrustStore> trustStore) {
    return new SourceConfig(
        mysql.host(),
        mysql.port(),
        mysql.user(),
        mysql.password(),
        mode,
        trustStore,
        0,
        10_000,
        1000,
        0);
  }

  private static void assertHandshakeFails(SourceConfig config) {
    CanalException error =
        catchThrowableOfType(CanalException.class, () -> SqlSession.open(config));
    assertThat(error.code()).isEqualTo(ErrorCode.STOP_INSTANCE);
    assertThat(error)
        .hasMessageContaining("canal.instance.master.sslMode=" + config.sslMode() + " failed");
  }

  @Test
  void shouldNameATrustStoreThatCannotBeRead(@TempDir Path directory) {
    Path missing = directory.resolve("none.p12");

    assertThatThrownBy(
            () ->
                SqlSession.open(
                    tls(
                        SslMode.VERIFY_CA,
                        Optional.of(new SourceConfig.TrustStore(missing, "secret")))))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("none.p12")
        .hasMessageNotContaining("secret");
  }

  @Test
  void shouldEndAWaitWhenClosed() throws Exception {
    SqlSession session = SqlSession.open(config(mysql));
    Thread closer =
        new Thread(
            () -> {
              try {
                session.close();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });

    closer.start();

    assertThatThrownBy(() -> session.query("SELECT SLEEP(60)")).isInstanceOf(IOException.class);
    closer.join();
  }
}
