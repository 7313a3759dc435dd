package io.canal.server.original;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OriginalClientIT {
  @Test
  void shouldRunAndTellWhatTheClientThrew() throws Exception {
    InetSocketAddress nobody;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
    }

    try (OriginalClient client = OriginalClient.start()) {
      assertThatThrownBy(() -> client.connect(nobody, "example", "canal", "canal"))
          .isInstanceOf(OriginalClient.Failure.class)
          .hasMessageContaining("CanalClientException: java.net.ConnectException");
    }
  }
}
