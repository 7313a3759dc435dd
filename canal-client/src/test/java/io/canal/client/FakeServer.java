package io.canal.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalPacket.Ack;
import io.canal.protocol.CanalPacket.ClientAck;
import io.canal.protocol.CanalPacket.ClientAuth;
import io.canal.protocol.CanalPacket.ClientRollback;
import io.canal.protocol.CanalPacket.Get;
import io.canal.protocol.CanalPacket.Handshake;
import io.canal.protocol.CanalPacket.Messages;
import io.canal.protocol.CanalPacket.Packet;
import io.canal.protocol.CanalPacket.PacketType;
import io.canal.protocol.CanalPacket.Sub;
import io.canal.protocol.CanalPacket.Unsub;
import io.canal.protocol.Scramble;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ServerSocketFactory;

/**
 * The other side of the protocol, following a script: one conversation per connection, in order.
 * The packets are written and read with protobuf's own code. A conversation that fails is reported
 * by {@link #verify}.
 */
final class FakeServer implements AutoCloseable {
  static final byte[] SEED = {1, 2, 3, 4, 5, 6, 7, 8};
  static final String USER = "canal";
  static final String PASSWORD = "secret";
  private static final int TIMEOUT_MS = 10_000;

  /** What the server says and expects on one connection; the connection ends when it returns. */
  interface Conversation {
    void hold(Peer client) throws Exception;
  }

  private final ServerSocket socket;
  private final List<Socket> accepted = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Void> finished = new CompletableFuture<>();
  private final Thread thread;

  FakeServer(Conversation... conversations) throws IOException {
    this(ServerSocketFactory.getDefault(), conversations);
  }

  FakeServer(ServerSocketFactory sockets, Conversation... conversations) throws IOException {
    socket = sockets.createServerSocket(0, 10, InetAddress.getLoopbackAddress());
    socket.setSoTimeout(TIMEOUT_MS);
    thread = new Thread(() -> run(conversations), "fake-server");
    thread.setDaemon(true);
    thread.start();
  }

  InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
  }

  String name() {
    return address().getHostString() + ":" + address().getPort();
  }

  /** Waits until the script is at its end; throws what went wrong in it. */
  void verify() throws Exception {
    finished.get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
  }

  boolean isFinishedWithin(long milliseconds) throws Exception {
    try {
      finished.get(milliseconds, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    for (Socket client : accepted) {
      client.close();
    }
  }

  private void run(Conversation... conversations) {
    try {
      for (Conversation conversation : conversations) {
        try (Socket client = socket.accept()) {
          accepted.add(client);
          client.setTcpNoDelay(true);
          client.setSoTimeout(TIMEOUT_MS);
          conversation.hold(new Peer(client));
        }
      }
      finished.complete(null);
    } catch (Throwable e) {
      finished.completeExceptionally(e);
    }
  }

  static byte[] frame(PacketType type, MessageLite body) {
    byte[] packet =
        Packet.newBuilder()
            .setVersion(1)
            .setType(type)
            .setBody(body.toByteString())
            .build()
            .toByteArray();
    return ByteBuffer.allocate(4 + packet.length).putInt(packet.length).put(packet).array();
  }

  static Messages messages(long batchId, Entry... entries) {
    Messages.Builder messages = Messages.newBuilder().setBatchId(batchId);
    for (Entry entry : entries) {
      messages.addMessages(entry.toByteString());
    }
    return messages.build();
  }

  /** The client, as the server sees it. */
  static final class Peer {
    private final Socket socket;
    private final DataInputStream in;

    Peer(Socket socket) throws IOException {
      this.socket = socket;
      in = new DataInputStream(socket.getInputStream());
    }

    void send(PacketType type, MessageLite body) throws IOException {
      sendBytes(frame(type, body));
    }

    void sendBytes(byte[] bytes) throws IOException {
      socket.getOutputStream().write(bytes);
      socket.getOutputStream().flush();
    }

    /** In as many TCP segments as the system makes of it. */
    void sendOneByOne(byte[] bytes) throws IOException {
      for (byte one : bytes) {
        sendBytes(new byte[] {one});
      }
    }

    void acknowledge() throws IOException {
      send(PacketType.ACK, Ack.getDefaultInstance());
    }

    void refuse(int code, String message) throws IOException {
      send(PacketType.ACK, Ack.newBuilder().setErrorCode(code).setErrorMessage(message).build());
    }

    void greet() throws IOException {
      send(
          PacketType.HANDSHAKE, Handshake.newBuilder().setSeeds(ByteString.copyFrom(SEED)).build());
    }

    ClientAuth login() throws IOException {
      greet();
      ClientAuth auth = ClientAuth.parseFrom(expect(PacketType.CLIENTAUTHENTICATION));
      byte[] proof = auth.getPassword().toByteArray();
      if (!Scramble.proves(proof, Scramble.stored(PASSWORD), SEED)) {
        throw new AssertionError("wrong proof of user " + auth.getUsername());
      }
      acknowledge();
      return auth;
    }

    Sub subscription() throws IOException {
      Sub sub = Sub.parseFrom(expect(PacketType.SUBSCRIPTION));
      acknowledge();
      return sub;
    }

    /** Confirms a start by the place where it is. */
    Sub subscription(String place) throws IOException {
      Sub sub = Sub.parseFrom(expect(PacketType.SUBSCRIPTION));
      send(PacketType.ACK, Ack.newBuilder().setStart(place).build());
      return sub;
    }

    Unsub unsubscription() throws IOException {
      Unsub unsub = Unsub.parseFrom(expect(PacketType.UNSUBSCRIPTION));
      acknowledge();
      return unsub;
    }

    Get get() throws IOException {
      return Get.parseFrom(expect(PacketType.GET));
    }

    Get answerGet(Messages messages) throws IOException {
      Get get = get();
      send(PacketType.MESSAGES, messages);
      return get;
    }

    long ack() throws IOException {
      return ClientAck.parseFrom(expect(PacketType.CLIENTACK)).getBatchId();
    }

    long rollback() throws IOException {
      return ClientRollback.parseFrom(expect(PacketType.CLIENTROLLBACK)).getBatchId();
    }

    /** Everything up to the client's first GET, as a subscription does it. */
    void start() throws IOException {
      login();
      subscription();
      rollback();
    }

    void awaitEnd() throws IOException {
      int next = in.read();
      if (next >= 0) {
        throw new AssertionError("expected the end, found byte " + next);
      }
    }

    /** Answers no GET any more until the client ends the connection. */
    void awaitEndOfGets() throws IOException {
      for (int next = in.read(); next >= 0; next = in.read()) {
        byte[] rest = new byte[3];
        in.readFully(rest);
        byte[] body = new byte[(rest[1] & 0xFF) << 8 | (rest[2] & 0xFF)];
        in.readFully(body);
        if (Packet.parseFrom(body).getType() != PacketType.GET) {
          throw new AssertionError("expected GET or the end, found " + Packet.parseFrom(body));
        }
      }
    }

    ByteString expect(PacketType type) throws IOException {
      Packet packet = receive();
      if (packet.getType() != type) {
        throw new AssertionError("expected " + type + ", found " + packet.getType());
      }
      return packet.getBody();
    }

    private Packet receive() throws IOException, InvalidProtocolBufferException {
      byte[] body = new byte[in.readInt()];
      in.readFully(body);
      return Packet.parseFrom(body);
    }
  }
}
