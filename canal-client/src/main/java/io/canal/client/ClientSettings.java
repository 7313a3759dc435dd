package io.canal.client;

import static java.util.Objects.requireNonNull;

import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * Where and as whom to connect.
 *
 * @param servers tried in this order
 * @param user empty where the server asks for none
 * @param clientId the subscription's identity at the server
 * @param connectTimeoutMs milliseconds to connect, and again to shake hands
 * @param replyTimeoutMs milliseconds a server may take to answer, beyond what it was asked to wait
 * @param maxFrameBytes largest answer to accept, in bytes
 */
record ClientSettings(
    List<SocketAddress> servers,
    String user,
    String password,
    short clientId,
    Optional<SSLContext> tls,
    int connectTimeoutMs,
    int replyTimeoutMs,
    int maxFrameBytes) {
  static final short DEFAULT_CLIENT_ID = 1001;
  static final int DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
  static final int DEFAULT_REPLY_TIMEOUT_MS = 60_000;
  static final int DEFAULT_MAX_FRAME_BYTES = 1 << 30;

  ClientSettings {
    servers = List.copyOf(servers);
    requireNonNull(user, "user is null");
    requireNonNull(password, "password is null");
    requireNonNull(tls, "tls is null");
    if (servers.isEmpty()) {
      throw new IllegalArgumentException("no server, expected at least one address");
    }
    if (clientId < 1) {
      throw new IllegalArgumentException("clientId " + clientId + ", expected 1 to 32767");
    }
    if (connectTimeoutMs < 1 || replyTimeoutMs < 1) {
      throw new IllegalArgumentException(
          "timeouts " + connectTimeoutMs + " and " + replyTimeoutMs + " ms, expected at least 1");
    }
    if (maxFrameBytes < 1 << 16) {
      throw new IllegalArgumentException(
          "maxFrameBytes " + maxFrameBytes + ", expected at least " + (1 << 16));
    }
  }

  /** Without the password. */
  @Override
  public String toString() {
    return user + "@" + servers + " as client " + clientId;
  }
}
