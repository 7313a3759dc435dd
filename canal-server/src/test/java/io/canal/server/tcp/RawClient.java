package io.canal.server.tcp;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import io.canal.protocol.CanalPacket.Ack;
import io.canal.protocol.CanalPacket.ClientAck;
import io.canal.protocol.CanalPacket.ClientAuth;
import io.canal.protocol.CanalPacket.ClientRollback;
import io.canal.protocol.CanalPacket.Get;
import io.canal.protocol.CanalPacket.Messages;
import io.canal.protocol.CanalPacket.Packet;
import io.canal.protocol.CanalPacket.PacketType;
import io.canal.protocol.CanalPacket.Sub;
import io.canal.protocol.CanalPacket.Unsub;
import io.canal.protocol.Scramble;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;

/** A client that says what a test wants, right or wrong, over a real socket. */
final class RawClient implements AutoCloseable {
  final Socket socket;
  final DataInputStream in;
  byte[] seed = {};
  String destination = "example";
  String clientId = "1001";

  RawClient(InetSocketAddress address) throws IOException {
    this(new Socket(address.getAddress(), address.getPort()));
  }

  RawClient(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(10_000);
    socket.setTcpNoDelay(true);
    in = new DataInputStream(socket.getInputStream());
  }

  /** Reads the handshake as the bytes that clients expect. */
  RawClient greeted() throws IOException {
    byte[] frame = readFrame();
    byte[] head = {0x10, 1, 0x18, 1, 0x2A, 10, 0x12, 8};
    if (frame.length != 16 || !Arrays.equals(Arrays.copyOf(frame, 8), head)) {
      throw new AssertionError("handshake " + Arrays.toString(frame));
    }
    seed = Arrays.copyOfRange(frame, 8, 16);
    return this;
  }

  RawClient loggedIn() throws IOException {
    greeted();
    logIn("canal", "canal");
    expectAck();
    return this;
  }

  RawClient subscribed(String filter) throws IOException {
    loggedIn();
    subscribe(filter);
    expectAck();
    return this;
  }

  void logIn(String user, String password) throws IOException {
    logIn(user, password, 0);
  }

  void logIn(String user, String password, long startTimestamp) throws IOException {
    send(
        PacketType.CLIENTAUTHENTICATION,
        ClientAuth.newBuilder()
            .setUsername(user)
            .setPassword(ByteString.copyFromUtf8(Scramble.prove(password, seed)))
            .setStartTimestamp(startTimestamp)
            .build());
  }

  void subscribe(String filter) throws IOException {
    subscribe(filter, "");
  }

  void subscribe(String filter, String start) throws IOException {
    send(
        PacketType.SUBSCRIPTION,
        Sub.newBuilder()
            .setDestination(destination)
            .setClientId(clientId)
            .setFilter(filter)
            .setStart(start)
            .build());
  }

  void unsubscribe() throws IOException {
    send(
        PacketType.UNSUBSCRIPTION,
        Unsub.newBuilder().setDestination(destination).setClientId(clientId).build());
  }

  void get(int fetchSize, long timeoutMs) throws IOException {
    send(
        PacketType.GET,
        Get.newBuilder()
            .setDestination(destination)
            .setClientId(clientId)
            .setFetchSize(fetchSize)
            .setTimeout(timeoutMs)
            .setUnit(2)
            .build());
  }

  void ack(long batchId) throws IOException {
    send(
        PacketType.CLIENTACK,
        ClientAck.newBuilder()
            .setDestination(destination)
            .setClientId(clientId)
            .setBatchId(batchId)
            .build());
  }

  void rollback(long batchId) throws IOException {
    send(
        PacketType.CLIENTROLLBACK,
        ClientRollback.newBuilder()
            .setDestination(destination)
            .setClientId(clientId)
            .setBatchId(batchId)
            .build());
  }

  void send(PacketType type, MessageLite body) throws IOException {
    send(Packet.newBuilder().setType(type).setBody(body.toByteString()).build().toByteArray());
  }

  void send(byte[] packet) throws IOException {
    byte[] frame = new byte[4 + packet.length];
    frame[0] = (byte) (packet.length >>> 24);
    frame[1] = (byte) (packet.length >>> 16);
    frame[2] = (byte) (packet.length >>> 8);
    frame[3] = (byte) packet.length;
    System.arraycopy(packet, 0, frame, 4, packet.length);
    sendRaw(frame);
  }

  void sendRaw(byte... bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  byte[] readFrame() throws IOException {
    byte[] frame = new byte[in.readInt()];
    in.readFully(frame);
    return frame;
  }

  Packet read() throws IOException {
    return Packet.parseFrom(readFrame());
  }

  void expectAck() throws IOException {
    byte[] frame = readFrame();
    if (!Arrays.equals(frame, new byte[] {0x10, 1, 0x18, 3})) {
      throw new AssertionError("expected an ack, found " + Packet.parseFrom(frame));
    }
  }

  Messages messages() throws IOException {
    Packet packet = read();
    if (packet.getType() != PacketType.MESSAGES) {
      throw new AssertionError("expected messages, found " + Ack.parseFrom(packet.getBody()));
    }
    return Messages.parseFrom(packet.getBody());
  }

  /** An Ack with content. */
  Ack error() throws IOException {
    Packet packet = read();
    if (packet.getType() != PacketType.ACK || packet.getVersion() != 1) {
      throw new AssertionError("expected an error, found " + packet);
    }
    return Ack.parseFrom(packet.getBody());
  }

  /** Whether the server has closed; waits for it. */
  boolean isClosed() throws IOException {
    try {
      in.readByte();
      return false;
    } catch (EOFException e) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
