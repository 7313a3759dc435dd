package io.canal.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.Ack;
import io.canal.protocol.CanalPacket.ClientAck;
import io.canal.protocol.CanalPacket.ClientAuth;
import io.canal.protocol.CanalPacket.ClientRollback;
import io.canal.protocol.CanalPacket.Get;
import io.canal.protocol.CanalPacket.Handshake;
import io.canal.protocol.CanalPacket.PacketType;
import io.canal.protocol.CanalPacket.Sub;
import io.canal.protocol.CanalPacket.Unsub;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.FrameReader;
import io.canal.protocol.Frames;
import io.canal.protocol.Scramble;
import io.canal.protocol.Start;
import io.canal.protocol.WriteBuffer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * One authenticated conversation with a server (wire-protocol section 4). Owned by one thread; only
 * {@link #close} may come from another, and ends what the owner waits for.
 *
 * <p>Whatever fails ends the conversation, since nobody can tell which request a later answer would
 * belong to. The {@link CanalException} names the server; its code is {@link ErrorCode#BAD_REQUEST}
 * for what a new connection does not mend (wrong password, missing ids, a filter that is no regular
 * expression, bad batch id, taken over) and {@link ErrorCode#RETRY} for all else.
 */
final class Connection implements AutoCloseable {
  /** For a batch of what is there now, perhaps nothing. */
  static final long NO_WAIT = -1;

  private static final int GENERAL_ERROR = 400;
  private static final int TAKEN_OVER = 409;
  private static final int VERSION = 1;
  private static final int NO_COMPRESSION = 1;
  private static final int MILLISECONDS_UNIT = 2;
  private static final int IDLE_TIMEOUT_MS = 60 * 60 * 1000;

  private final Socket transport;
  private final String server;
  private final String destination;
  private final String clientId;
  private final int replyTimeoutMs;
  private final OutputStream out;
  private final FrameReader frames;
  private final WriteBuffer requests = new WriteBuffer(1024);
  private final WireReader packet = new WireReader();
  // requests for batches that are not answered yet
  private int awaited;

  // the packet that receive() read last
  private long version;
  private long compression;
  private int type;
  private int bodyOffset;
  private int bodyLength;

  private Connection(
      ClientSettings settings, SocketAddress address, String destination, Socket transport)
      throws IOException {
    this.transport = transport;
    this.destination = destination;
    server = name(address);
    clientId = Short.toString(settings.clientId());
    replyTimeoutMs = settings.replyTimeoutMs();
    Socket secured =
        settings.tls().isPresent()
            ? startTls(settings.tls().get(), transport, (InetSocketAddress) address)
            : transport;
    out = secured.getOutputStream();
    frames = new FrameReader(secured.getInputStream(), settings.maxFrameBytes());
  }

  /**
   * Connects to one server, shakes hands and authenticates.
   *
   * @param transport a new socket, whose close from another thread ends this call, and the
   *     conversation after it
   */
  static Connection open(
      ClientSettings settings, SocketAddress address, String destination, Socket transport) {
    String server = name(address);
    try {
      transport.setTcpNoDelay(true);
      transport.setKeepAlive(true);
      transport.connect(resolve(address), settings.connectTimeoutMs());
      transport.setSoTimeout(settings.connectTimeoutMs());
      Connection connection = new Connection(settings, address, destination, transport);
      connection.authenticate(settings.user(), settings.password());
      return connection;
    } catch (IOException e) {
      String what = e instanceof UnknownHostException ? "unknown host" : e.getMessage();
      CanalException failure =
          new CanalException(ErrorCode.RETRY, server + ": cannot connect: " + what, e);
      closeAfter(failure, transport);
      throw failure;
    } catch (RuntimeException e) {
      closeAfter(e, transport);
      throw e;
    }
  }

  void subscribe(String filter) {
    subscribe(filter, "");
  }

  /**
   * Subscribes where a start says, which replaces the position at the server.
   *
   * @return the source position there, as text
   */
  String subscribe(String filter, Start start) {
    String place = subscribe(filter, start.toString()).getStart();
    if (place.isEmpty()) {
      close();
      throw new CanalException(
          ErrorCode.BAD_REQUEST,
          server + ": the server cannot start at " + start + ", expected a server of Canal");
    }
    return place;
  }

  private Ack subscribe(String filter, String start) {
    Sub sub =
        Sub.newBuilder()
            .setDestination(destination)
            .setClientId(clientId)
            .setFilter(filter)
            .setStart(start)
            .build();
    return confirm(PacketType.SUBSCRIPTION, sub, "SUBSCRIPTION of '" + destination + "'");
  }

  void unsubscribe() {
    Unsub unsub = Unsub.newBuilder().setDestination(destination).setClientId(clientId).build();
    confirm(PacketType.UNSUBSCRIPTION, unsub, "UNSUBSCRIPTION of '" + destination + "'");
  }

  /**
   * Asks for a batch, which {@link #awaitBatch} brings. Takes requests that are not sent yet along.
   * The server does requests in order: what follows one that waits is done after its answer.
   *
   * @param waitMs milliseconds the server may wait for changes, or {@link #NO_WAIT}
   */
  void requestBatch(int fetchSize, long waitMs) {
    Get get =
        Get.newBuilder()
            .setDestination(destination)
            .setClientId(clientId)
            .setFetchSize(fetchSize)
            .setTimeout(waitMs)
            .setUnit(MILLISECONDS_UNIT)
            .setAutoAck(false)
            .build();
    Frames.append(requests, PacketType.GET, get);
    try {
      send();
    } catch (IOException e) {
      throw failed(getRequest(), e);
    }
    awaited++;
  }

  /**
   * Waits for the answer, a serialized {@code Messages} at {@link #array}, valid until the next
   * answer is awaited.
   *
   * @param waitMs as asked for
   */
  void awaitBatch(long waitMs) {
    receiveAnswer(waitMs);
    expect(PacketType.MESSAGES, getRequest(), ErrorCode.RETRY);
  }

  /**
   * Waits for the answer to a request that was made while the batch before was not acknowledged,
   * with {@link #NO_WAIT}; false if the server refuses just this one, as one whose memory is full
   * of batches that wait for their acknowledgement.
   */
  boolean awaitEarlyBatch() {
    receiveAnswer(NO_WAIT);
    if (type == PacketType.ACK.getNumber() && parse(Ack.parser()).getErrorCode() == GENERAL_ERROR) {
      return false;
    }
    expect(PacketType.MESSAGES, getRequest(), ErrorCode.RETRY);
    return true;
  }

  private void receiveAnswer(long waitMs) {
    try {
      long limitMs = Math.max(0, waitMs) + replyTimeoutMs;
      transport.setSoTimeout((int) Math.min(limitMs, Integer.MAX_VALUE));
      receive();
    } catch (IOException e) {
      throw failed(getRequest(), e);
    }
    awaited--;
  }

  private String getRequest() {
    return "GET from '" + destination + "'";
  }

  /** Puts an acknowledgement in front of the next request; {@link #flush} sends it alone. */
  void acknowledge(long batchId) {
    Frames.append(
        requests,
        PacketType.CLIENTACK,
        ClientAck.newBuilder()
            .setDestination(destination)
            .setClientId(clientId)
            .setBatchId(batchId)
            .build());
  }

  /** Takes back one batch, or all that are not acknowledged with 0; there is no answer. */
  void rollback(long batchId) {
    Frames.append(
        requests,
        PacketType.CLIENTROLLBACK,
        ClientRollback.newBuilder()
            .setDestination(destination)
            .setClientId(clientId)
            .setBatchId(batchId)
            .build());
    flush();
  }

  void flush() {
    try {
      send();
    } catch (IOException e) {
      throw failed("a request without an answer", e);
    }
  }

  byte[] array() {
    return frames.array();
  }

  int offset() {
    return bodyOffset;
  }

  int length() {
    return bodyLength;
  }

  /** Closes the bare socket, also under TLS, whose own close could wait for the reader. */
  @Override
  public void close() {
    try {
      transport.close();
    } catch (IOException e) {
      // there is no more to give back
    }
  }

  private void authenticate(String user, String password) throws IOException {
    receive();
    expect(PacketType.HANDSHAKE, "the connection", ErrorCode.RETRY);
    Handshake handshake = parse(Handshake.parser());
    String proof = Scramble.prove(password, handshake.getSeeds().toByteArray());
    ClientAuth auth =
        ClientAuth.newBuilder()
            .setUsername(user)
            .setPassword(ByteString.copyFromUtf8(proof))
            .setNetReadTimeout(IDLE_TIMEOUT_MS)
            .setNetWriteTimeout(IDLE_TIMEOUT_MS)
            .build();
    Frames.append(requests, PacketType.CLIENTAUTHENTICATION, auth);
    send();
    receive();
    expect(PacketType.ACK, "authentication of user '" + user + "'", ErrorCode.BAD_REQUEST);
  }

  private Ack confirm(PacketType requestType, MessageLite body, String request) {
    Frames.append(requests, requestType, body);
    try {
      send();
      transport.setSoTimeout(replyTimeoutMs);
      receive();
    } catch (IOException e) {
      throw failed(request, e);
    }
    expect(PacketType.ACK, request, ErrorCode.RETRY);
    return parse(Ack.parser());
  }

  /** Sends everything that is due in one piece, unless the server has spoken unasked. */
  private void send() throws IOException {
    if (awaited == 0 && frames.ready()) {
      throw unasked();
    }
    try {
      out.write(requests.array(), 0, requests.position());
    } catch (IOException e) {
      if (frames.ready()) { // it may have said why before it closed
        throw unasked();
      }
      throw e;
    } finally {
      requests.clear();
    }
  }

  private CanalException unasked() throws IOException {
    receive();
    while (awaited > 0 && type == PacketType.MESSAGES.getNumber()) {
      awaited--;
      receive();
    }
    try {
      expect(PacketType.SHUTDOWN, "no request", ErrorCode.RETRY);
    } catch (CanalException e) {
      return e;
    }
    close();
    return new CanalException(ErrorCode.RETRY, server + ": the server shuts down");
  }

  private void receive() throws IOException {
    if (!frames.next()) {
      throw new IOException("the server closed the connection");
    }
    version = VERSION;
    compression = 0;
    type = 0;
    bodyOffset = frames.offset();
    bodyLength = 0;
    try {
      readPacket();
    } catch (CanalException e) {
      throw new IOException(e.getMessage(), e);
    }
    if (version != VERSION) {
      throw new IOException("packet version " + version + ", expected " + VERSION);
    }
    if (compression > NO_COMPRESSION) {
      throw new IOException("compression " + compression + ", expected none");
    }
  }

  private void readPacket() {
    packet.wrap(frames.array(), frames.offset(), frames.length());
    while (packet.next()) {
      switch (packet.field()) {
        case 2 -> version = packet.number();
        case 3 -> type = (int) packet.number();
        case 4 -> compression = packet.number();
        case 5 -> {
          bodyOffset = packet.offset();
          bodyLength = packet.length();
        }
        default -> {} // the magic number
      }
    }
  }

  /** Throws, and ends the conversation, if the packet is an error or of another type. */
  private void expect(PacketType expected, String request, ErrorCode generalError) {
    if (type == PacketType.ACK.getNumber()) {
      Ack ack = parse(Ack.parser());
      if (ack.getErrorCode() > 0) {
        close();
        throw new CanalException(
            ack.getErrorCode() == GENERAL_ERROR ? generalError : ErrorCode.BAD_REQUEST,
            server
                + ": "
                + request
                + " was answered with error "
                + ack.getErrorCode()
                + (ack.getErrorCode() == TAKEN_OVER ? " (taken over)" : "")
                + ": "
                + ack.getErrorMessage().strip());
      }
    }
    if (type != expected.getNumber()) {
      close();
      PacketType found = PacketType.forNumber(type);
      throw new CanalException(
          ErrorCode.RETRY,
          server
              + ": "
              + request
              + " was answered with packet "
              + (found == null ? "type " + type : found)
              + ", expected "
              + expected);
    }
  }

  private <T> T parse(Parser<T> parser) {
    try {
      return parser.parseFrom(frames.array(), bodyOffset, bodyLength);
    } catch (InvalidProtocolBufferException e) {
      close();
      throw new CanalException(ErrorCode.RETRY, server + ": malformed packet of type " + type, e);
    }
  }

  private CanalException failed(String request, IOException cause) {
    close();
    String what =
        cause instanceof SocketTimeoutException
            ? "no answer within the reply timeout"
            : cause.getMessage();
    return new CanalException(ErrorCode.RETRY, server + ": " + request + " failed: " + what, cause);
  }

  private static Socket startTls(SSLContext context, Socket plain, InetSocketAddress address)
      throws IOException {
    SSLSocket socket =
        (SSLSocket)
            context
                .getSocketFactory()
                .createSocket(plain, address.getHostString(), address.getPort(), true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  /** Looks a host up anew at each connect: a server may have moved. */
  private static SocketAddress resolve(SocketAddress address) {
    return address instanceof InetSocketAddress inet && inet.isUnresolved()
        ? new InetSocketAddress(inet.getHostString(), inet.getPort())
        : address;
  }

  private static String name(SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? inet.getHostString() + ":" + inet.getPort()
        : address.toString();
  }

  private static void closeAfter(Exception failure, Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
