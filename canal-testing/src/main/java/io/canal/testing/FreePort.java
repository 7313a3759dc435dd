package io.canal.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Finds ports for servers of the tests. */
public final class FreePort {
  private static final int FIRST = 23_000;
  private static final int END = 32_000; // those above 32767 are lent to outgoing connections

  private FreePort() {}

  /** A port of 127.0.0.1 that nobody listens on now. */
  public static int find() {
    for (int i = 0; i < 1_000; i++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, END);
      try (ServerSocket socket = new ServerSocket()) {
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return port;
      } catch (IOException e) {
        // taken: try another
      }
    }
    throw new IllegalStateException("no free port from " + FIRST + " to " + END);
  }
}
