package io.canal.server.position;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands between a ZooKeeper client and its server, and can lose an answer: the request with a
 * transaction reaches the server, its answer is read here, and the connection is cut instead of
 * passing it on.
 */
final class LossyProxy implements AutoCloseable {
  private static final int MULTI = 14; // ZooDefs.OpCode.multi

  private final ServerSocket listener;
  private final String host;
  private final int port;
  private final AtomicInteger lost = new AtomicInteger();
  private volatile boolean armed;
  private volatile boolean refusing;
  private volatile boolean refuseAfterLoss;

  LossyProxy(String server) throws IOException {
    host = server.substring(0, server.indexOf(':'));
    port = Integer.parseInt(server.substring(server.indexOf(':') + 1));
    listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    run(this::accept);
  }

  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** The next transaction's answer is lost. */
  void loseNextAnswer() {
    armed = true;
  }

  /**
   * The next transaction's answer is lost, and no connection is let through until {@link #heal}.
   */
  void loseNextAnswerAndStayDown() {
    refuseAfterLoss = true;
    armed = true;
  }

  void heal() {
    refuseAfterLoss = false;
    refusing = false;
  }

  int answersLost() {
    return lost.get();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listener.accept();
      if (refusing) {
        client.close();
        continue;
      }
      Socket server = new Socket(host, port);
      Connection connection = new Connection(client, server);
      run(connection::passRequests);
      run(connection::passAnswers);
    }
  }

  private final class Connection {
    private final Socket client;
    private final Socket server;
    private volatile boolean losing;
    private volatile int losingXid;

    Connection(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    void passRequests() throws IOException {
      pass(client, server, true);
    }

    void passAnswers() throws IOException {
      pass(server, client, false);
    }

    private void pass(Socket from, Socket to, boolean requests) throws IOException {
      try (client;
          server) { // either direction's end is both's
        DataInputStream in = new DataInputStream(from.getInputStream());
        OutputStream out = to.getOutputStream();
        boolean first = true; // the connect request and its answer have no header
        while (true) {
          byte[] frame = frame(in);
          if (!first && requests && armed && intAt(frame, 8) == MULTI) {
            armed = false;
            losingXid = intAt(frame, 4);
            losing = true;
          } else if (!first && !requests && losing && intAt(frame, 4) == losingXid) {
            refusing = refuseAfterLoss;
            lost.incrementAndGet();
            return;
          }
          out.write(frame);
          first = false;
        }
      }
    }
  }

  /** Length and body. */
  private static byte[] frame(DataInputStream in) throws IOException {
    int length = in.readInt();
    byte[] frame = new byte[4 + length];
    frame[0] = (byte) (length >> 24);
    frame[1] = (byte) (length >> 16);
    frame[2] = (byte) (length >> 8);
    frame[3] = (byte) length;
    in.readFully(frame, 4, length);
    return frame;
  }

  private static int intAt(byte[] frame, int at) {
    return frame[at] << 24
        | (frame[at + 1] & 0xff) << 16
        | (frame[at + 2] & 0xff) << 8
        | (frame[at + 3] & 0xff);
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
            "lossy-proxy");
    thread.setDaemon(true);
    thread.start();
  }
}
