package io.canal.client;

import java.net.SocketAddress;
import java.util.List;

/**
 * Makes connectors with the defaults of Alibaba Canal's Java client, above all client id 1001; for
 * another id, TLS or timeouts see {@link CanalClient.Builder} and {@link CanalClient#newConnector}.
 */
public final class CanalConnectors {
  private CanalConnectors() {}

  /**
   * A connector to one server, not connected yet.
   *
   * @param username may be null or empty where the server asks for none, as may the password
   */
  public static CanalConnector newSingleConnector(
      SocketAddress address, String destination, String username, String password) {
    return newClusterConnector(List.of(address), destination, username, password);
  }

  /**
   * A connector to the first of several servers that accepts it; each {@link
   * CanalConnector#connect} goes through the list once, from the server after the last one used.
   */
  public static CanalConnector newClusterConnector(
      List<? extends SocketAddress> addresses,
      String destination,
      String username,
      String password) {
    CanalClient.Builder builder = CanalClient.builder();
    addresses.forEach(builder::server);
    return builder
        .user(username == null ? "" : username)
        .password(password == null ? "" : password)
        .build()
        .newConnector(destination);
  }
}
