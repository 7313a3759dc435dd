package io.canal.server.cluster;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryUntilElapsed;

/** Opens the server's one ZooKeeper session. */
public final class ZookeeperClients {
  private static final int PAUSE_MS = 200;

  private ZookeeperClients() {}

  /**
   * Connects; the caller closes.
   *
   * @param servers {@code canal.zkServers}: {@code host:port,host:port[/chroot]}
   * @param sessionTimeout after which ZooKeeper takes this server for dead
   * @param patience how long each call goes on trying when the connection is lost
   */
  public static CuratorFramework open(String servers, Duration sessionTimeout, Duration patience) {
    int patienceMs = Math.toIntExact(patience.toMillis());
    CuratorFramework client =
        CuratorFrameworkFactory.builder()
            .connectString(servers)
            .sessionTimeoutMs(Math.toIntExact(sessionTimeout.toMillis()))
            .connectionTimeoutMs(patienceMs)
            .retryPolicy(new RetryUntilElapsed(patienceMs, PAUSE_MS))
            .ensembleTracker(false) // the addresses of the configuration, also behind a proxy
            .build();
    client.start();
    boolean connected = false;
    try {
      connected = client.blockUntilConnected(patienceMs, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      if (!connected) {
        client.close();
      }
    }
    if (!connected) {
      throw new CanalException(
          ErrorCode.RETRY,
          "canal.zkServers = %s: expected an answer from ZooKeeper within %d ms, found none"
              .formatted(servers, patienceMs));
    }
    return client;
  }
}
