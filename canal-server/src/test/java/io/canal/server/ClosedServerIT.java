package io.canal.server;

import io.canal.testing.MysqlServer;
import java.lang.ref.WeakReference;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** That nothing keeps the memory of a server that was closed, as where many start in one JVM. */
@Timeout(120)
class ClosedServerIT {
  @RegisterExtension
  static final MysqlServer MYSQL = MysqlServer.of("9.7").withOptions("--binlog-row-metadata=FULL");

  @Test
  void shouldBeCollectedOnceItIsClosed() throws Exception {
    try (CanalHome home = CanalHome.create().destination("example", MYSQL)) {
      WeakReference<CanalServer> closed = serveAndClose(home);

      Await.until(
          "that nothing refers to the server",
          Duration.ofSeconds(30),
          () -> "it is still referred to",
          () -> {
            System.gc();
            return closed.refersTo(null);
          });
    }
  }

  private static WeakReference<CanalServer> serveAndClose(CanalHome home) throws Exception {
    String schema = MYSQL.createSchema("closed");
    CanalServer canal = home.start();
    try (canal;
        RowReceiver client = RowReceiver.open(home, "example", 1, schema + "\\..*")) {
      MYSQL.execute(
          "CREATE TABLE %s.t (id INT)".formatted(schema),
          "INSERT INTO %s.t VALUES (1)".formatted(schema));
      client.rows(1);
      home.status();
    }
    return new WeakReference<>(canal);
  }
}
