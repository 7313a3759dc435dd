package io.canal.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TlsTest {
  private static final char[] STORE_PASSWORD = "changeit".toCharArray();
  private static SSLContext context;

  /** Makes a certificate for localhost, which is trusted as its own authority. */
  @BeforeAll
  static void makeCertificate(@TempDir Path directory) throws Exception {
    Path store = directory.resolve("store.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost",
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(STORE_PASSWORD),
                "-keystore",
                store.toString())
            .inheritIO()
            .start();
    assertThat(keytool.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, STORE_PASSWORD);
    }
    KeyManagerFactory keyManagers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keyManagers.init(keys, STORE_PASSWORD);
    TrustManagerFactory trustManagers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trustManagers.init(keys);
    context = SSLContext.getInstance("TLS");
    context.init(keyManagers.getKeyManagers(), trustManagers.getTrustManagers(), null);
  }

  @Test
  void shouldDeliverOverTlsAndCloseInAWait() throws Exception {
    CountDownLatch delivered = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            context.getServerSocketFactory(),
            client -> {
              client.start();
              client.answerGet(FakeServer.messages(5, Entries.insert(1, "a")));
              assertThat(client.ack()).isEqualTo(5);
              client.get();
              delivered.await();
            })) {
      Subscription subscription =
          client(server, "localhost").subscribe("example", "", change -> delivered.countDown());

      delivered.await();
      server.verify();
      subscription.close();

      assertThat(subscription.closed()).isCompletedWithValue(null);
    }
  }

  @Test
  void shouldRefuseACertificateOfAnotherHost() throws Exception {
    try (FakeServer server =
        new FakeServer(context.getServerSocketFactory(), FakeServer.Peer::greet)) {
      CanalConnector connector = client(server, "127.0.0.1").newConnector("example");

      assertThatThrownBy(connector::connect)
          .isInstanceOf(CanalException.class)
          .hasMessageContaining("No subject alternative names matching IP address 127.0.0.1");
    }
  }

  @Test
  void shouldSayWhenTheServerSpeaksNoTls() throws Exception {
    try (FakeServer server = new FakeServer(FakeServer.Peer::greet)) {
      CanalConnector connector = client(server, "localhost").newConnector("example");

      assertThatThrownBy(connector::connect)
          .isInstanceOf(CanalException.class)
          .hasMessageContaining("cannot connect: ");
    }
  }

  private static CanalClient client(FakeServer server, String host) {
    return CanalClient.builder()
        .server(InetSocketAddress.createUnresolved(host, server.address().getPort()))
        .user(FakeServer.USER)
        .password(FakeServer.PASSWORD)
        .tls(context)
        .errorHandler((subscription, error) -> {})
        .build();
  }
}
