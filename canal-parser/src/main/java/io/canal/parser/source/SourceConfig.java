package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What it takes to connect to one source. Its text never shows a password.
 *
 * @param trustStore certificates for {@link SslMode#VERIFY_CA} and above; the runtime's own if
 *     absent
 * @param serverId the id of the dump connections, which no other replica may have; 0 for a random
 *     one per connection
 * @param connectTimeoutMs for the connection and for each answer of the login
 * @param heartbeatMs how often an idle source sends a sign of life; a dump that is silent for three
 *     times as long has failed
 * @param receiveBufferBytes of the dump's socket, 0 for the system's choice
 */
public record SourceConfig(
    String host,
    int port,
    String username,
    String password,
    SslMode sslMode,
    Optional<TrustStore> trustStore,
    long serverId,
    int connectTimeoutMs,
    int heartbeatMs,
    int receiveBufferBytes) {
  private static final long MAX_SERVER_ID = 0xFFFFFFFFL;

  /**
   * A file of trusted certificates: PEM text, PKCS #12 or JKS.
   *
   * @param password of the file; empty for PEM
   */
  public record TrustStore(Path path, String password) {
    public TrustStore {
      requireNonNull(path, "path is null");
      requireNonNull(password, "password is null");
    }

    @Override
    public String toString() {
      return "TrustStore[path=" + path + ", password=***]";
    }
  }

  public SourceConfig {
    requireNonNull(host, "host is null");
    requireNonNull(username, "username is null");
    requireNonNull(password, "password is null");
    requireNonNull(sslMode, "sslMode is null");
    requireNonNull(trustStore, "trustStore is null");
    check(port >= 1 && port <= 65535, "port " + port + ", expected 1 to 65535");
    check(
        serverId >= 0 && serverId <= MAX_SERVER_ID,
        "serverId " + serverId + ", expected 0 to " + MAX_SERVER_ID);
    check(connectTimeoutMs >= 1, "connectTimeoutMs " + connectTimeoutMs + ", expected 1 or more");
    check(
        heartbeatMs >= 1 && heartbeatMs <= Integer.MAX_VALUE / 3,
        "heartbeatMs " + heartbeatMs + ", expected 1 to " + Integer.MAX_VALUE / 3);
    check(receiveBufferBytes >= 0, "receiveBufferBytes " + receiveBufferBytes);
  }

  private static void check(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }

  /** The same source under another server_id, 0 for a random one. */
  public SourceConfig withServerId(long id) {
    return new SourceConfig(
        host,
        port,
        username,
        password,
        sslMode,
        trustStore,
        id,
        connectTimeoutMs,
        heartbeatMs,
        receiveBufferBytes);
  }

  /** The same source, asked with another patience. */
  public SourceConfig withConnectTimeoutMs(int timeoutMs) {
    return new SourceConfig(
        host,
        port,
        username,
        password,
        sslMode,
        trustStore,
        serverId,
        timeoutMs,
        heartbeatMs,
        receiveBufferBytes);
  }

  /** {@code host:port}, as messages name the source. */
  public String address() {
    return host + ":" + port;
  }

  @Override
  public String toString() {
    return "SourceConfig[%s, username=%s, password=***, sslMode=%s, trustStore=%s, serverId=%d]"
        .formatted(address(), username, sslMode, trustStore, serverId);
  }
}
