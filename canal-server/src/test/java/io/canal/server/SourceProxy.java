package io.canal.server;

import io.canal.testing.DatabaseServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands between the server and its source, and harms what the source sends in the middle of a
 * marker: a text that occurs in one row alone. The connection must not be encrypted.
 */
final class SourceProxy implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;

  /** What happens to a marker. */
  private enum Harm {
    /** The connection ends after its first half. */
    CUT,
    /** One of its bits is another. */
    FLIP
  }

  private final ServerSocket listener;
  private final String host;
  private final int port;
  private final AtomicInteger harmed = new AtomicInteger();

  // written by the test before the marker is
  private volatile byte[] marker = {};
  private volatile Harm harm = Harm.CUT;
  private volatile int times;

  SourceProxy(DatabaseServer source) throws IOException {
    host = source.host();
    port = source.port();
    listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    run(this::accept);
  }

  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** Cuts the connection in the middle of the text, so many times. */
  void cutAt(String text, int howOften) {
    arm(text, Harm.CUT, howOften);
  }

  /** Changes a bit of the text, once. */
  void flipAt(String text) {
    arm(text, Harm.FLIP, 1);
  }

  private void arm(String text, Harm newHarm, int howOften) {
    harmed.set(0);
    times = howOften;
    harm = newHarm;
    marker = text.getBytes(StandardCharsets.US_ASCII);
  }

  /** How often the text came by and was harmed. */
  int harmed() {
    return harmed.get();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listener.accept();
      Socket server = new Socket(host, port);
      run(() -> pass(client, server, false));
      run(() -> pass(server, client, true));
    }
  }

  private void pass(Socket from, Socket to, boolean answers) throws IOException {
    try (from;
        to) { // either direction's end is both's
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] buffer = new byte[BUFFER_BYTES];
      int length = 0;
      for (int count = in.read(buffer);
          count > 0;
          count = in.read(buffer, length, buffer.length - length)) {
        length += count;
        int found = answers ? find(buffer, length) : -1;
        if (found >= 0 && harmed.get() < times) {
          harmed.incrementAndGet();
          int middle = found + marker.length / 2;
          if (harm == Harm.CUT) {
            out.write(buffer, 0, middle);
            return;
          }
          buffer[middle] ^= 1;
        }
        int kept = answers ? beginning(buffer, length) : 0;
        out.write(buffer, 0, length - kept);
        System.arraycopy(buffer, length - kept, buffer, 0, kept);
        length = kept;
      }
    }
  }

  private int find(byte[] buffer, int length) {
    byte[] wanted = marker;
    for (int at = 0; wanted.length > 0 && at + wanted.length <= length; at++) {
      if (Arrays.equals(buffer, at, at + wanted.length, wanted, 0, wanted.length)) {
        return at;
      }
    }
    return -1;
  }

  /** How many bytes at the end may be the beginning of a marker. */
  private int beginning(byte[] buffer, int length) {
    byte[] wanted = marker;
    for (int size = Math.min(wanted.length - 1, length); size > 0; size--) {
      if (Arrays.equals(buffer, length - size, length, wanted, 0, size)) {
        return size;
      }
    }
    return 0;
  }

  private interface Task {
    void run() throws IOException;
  }

  private static void run(Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                return; // closed, or the other side is gone
              }
            },
            "source-proxy");
    thread.setDaemon(true);
    thread.start();
  }
}
