package io.canal.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ZookeeperServerIT {
  @RegisterExtension static final ZookeeperServer zookeeper = ZookeeperServer.create();

  @Test
  void shouldKeepNodesOverKillAndStop() throws Exception {
    try (CuratorFramework client = client()) {
      client.create().forPath("/kept", "value".getBytes(UTF_8));
    }

    zookeeper.kill();
    zookeeper.start();
    zookeeper.stop();
    zookeeper.start();

    try (CuratorFramework client = client()) {
      assertThat(client.getData().forPath("/kept")).asString(UTF_8).isEqualTo("value");
    }
  }

  private static CuratorFramework client() throws InterruptedException {
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(zookeeper.connectString(), new RetryOneTime(100));
    client.start();
    assertThat(client.blockUntilConnected(10, SECONDS)).isTrue();
    return client;
  }
}
