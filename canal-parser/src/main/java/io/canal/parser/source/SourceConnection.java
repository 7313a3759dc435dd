package io.canal.parser.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.shyiko.mysql.binlog.network.Authenticator;
import com.github.shyiko.mysql.binlog.network.ClientCapabilities;
import com.github.shyiko.mysql.binlog.network.ServerException;
import com.github.shyiko.mysql.binlog.network.protocol.GreetingPacket;
import com.github.shyiko.mysql.binlog.network.protocol.PacketChannel;
import com.github.shyiko.mysql.binlog.network.protocol.command.SSLRequestCommand;
import io.canal.parser.binlog.SourceErrorException;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

/**
 * One authenticated connection to a source, logged in by the connector library. Owned by one
 * thread, except {@link #close}, which any thread may call and which ends a blocking read.
 */
final class SourceConnection implements Closeable {
  private static final int MAX_COMMAND_BYTES = 0xFFFFFF - 1;
  private static final int PACKET_HEADER_BYTES = 4;

  private final Socket socket;
  private final Socket top;
  private final InputStream answers;
  private final String serverVersion;

  // of the next packet of an answer
  private int sequence;

  private SourceConnection(Socket socket, Socket top, String serverVersion) throws IOException {
    this.socket = socket;
    this.top = top;
    this.answers = new BufferedInputStream(top.getInputStream());
    this.serverVersion = serverVersion;
  }

  static SourceConnection open(SourceConfig config) throws IOException {
    Socket socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.setKeepAlive(true);
      if (config.receiveBufferBytes() > 0) {
        // before the connection is made: the window scale is agreed on then
        socket.setReceiveBufferSize(config.receiveBufferBytes());
      }
      socket.connect(
          new InetSocketAddress(config.host(), config.port()), config.connectTimeoutMs());
      socket.setSoTimeout(config.connectTimeoutMs());
      return login(config, socket);
    } catch (Throwable e) {
      closeQuietly(socket, e);
      throw e;
    }
  }

  private static SourceConnection login(SourceConfig config, Socket socket) throws IOException {
    PacketChannel channel = new PacketChannel(socket);
    byte[] first = channel.read();
    requireNoError(first);
    GreetingPacket greeting = new GreetingPacket(first);
    if (greeting.getProtocolVersion() != 10) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          config.address()
              + ": protocol version "
              + greeting.getProtocolVersion()
              + ", expected 10: this is no MySQL or MariaDB");
    }
    Socket top = secure(config, socket, channel, greeting);
    try {
      new Authenticator(greeting, channel, null, config.username(), config.password())
          .authenticate();
    } catch (ServerException e) {
      throw errorOf(e);
    }
    // the channel's buffer of 512 KiB is empty now, and goes with it
    return new SourceConnection(socket, top, greeting.getServerVersion());
  }

  /** Puts TLS over the connection, if so configured; gives the socket to read from. */
  private static Socket secure(
      SourceConfig config, Socket socket, PacketChannel channel, GreetingPacket greeting)
      throws IOException {
    boolean offered = (greeting.getServerCapabilities() & ClientCapabilities.SSL) != 0;
    if (config.sslMode() == SslMode.DISABLED
        || (config.sslMode() == SslMode.PREFERRED && !offered)) {
      return socket;
    }
    if (!offered) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          config.address()
              + " offers no TLS, but canal.instance.master.sslMode is "
              + config.sslMode());
    }
    SSLRequestCommand request = new SSLRequestCommand();
    request.setCollation(greeting.getServerCollation());
    channel.write(request);
    SSLSocket encrypted = TlsSockets.layer(config, socket);
    try {
      channel.upgradeToSSL(plain -> encrypted, null);
      return encrypted;
    } catch (SSLException e) {
      throw new CanalException(
          isCutOff(e) ? ErrorCode.RETRY : ErrorCode.STOP_INSTANCE,
          config.address()
              + ": TLS handshake with canal.instance.master.sslMode="
              + config.sslMode()
              + " failed: "
              + e.getMessage(),
          e);
    }
  }

  /** Whether the connection broke, as with a source that dies, and no side refused the other. */
  static boolean isCutOff(SSLException e) {
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof IOException && !(cause instanceof SSLException)) {
        return true;
      }
    }
    return false;
  }

  private static SourceErrorException errorOf(ServerException e) {
    SourceErrorException error =
        new SourceErrorException(
            e.getErrorCode(),
            Optional.ofNullable(e.getSqlState()).orElse("HY000"),
            String.valueOf(e.getMessage()));
    error.initCause(e);
    return error;
  }

  /** The greeting's version text: {@code 9.7.0}, {@code 5.5.5-10.11.6-MariaDB}. */
  String serverVersion() {
    return serverVersion;
  }

  boolean encrypted() {
    return top != socket;
  }

  /**
   * The bytes that follow the last command, for a reader that knows packets itself; past the buffer
   * of answers, which is empty once they are read.
   */
  InputStream input() throws IOException {
    return top.getInputStream();
  }

  void readTimeout(int milliseconds) throws IOException {
    socket.setSoTimeout(milliseconds);
  }

  void send(byte[] command) throws IOException {
    if (command.length > MAX_COMMAND_BYTES) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "command of " + command.length + " bytes, expected at most " + MAX_COMMAND_BYTES);
    }
    byte[] packet = new byte[PACKET_HEADER_BYTES + command.length];
    for (int i = 0; i < 3; i++) {
      packet[i] = (byte) (command.length >>> (8 * i));
    }
    System.arraycopy(command, 0, packet, PACKET_HEADER_BYTES, command.length);
    top.getOutputStream().write(packet);
    sequence = 1;
  }

  void sendQuery(String sql) throws IOException {
    byte[] text = sql.getBytes(UTF_8);
    byte[] command = new byte[text.length + 1];
    command[0] = 3; // COM_QUERY
    System.arraycopy(text, 0, command, 1, text.length);
    send(command);
  }

  /** One packet of an answer; an error packet is thrown. */
  byte[] receive() throws IOException {
    byte[] packet;
    try {
      packet = readPacket();
    } catch (SocketTimeoutException e) {
      throw new IOException("the source did not answer within " + socket.getSoTimeout() + " ms", e);
    }
    requireNoError(packet);
    return packet;
  }

  private byte[] readPacket() throws IOException {
    byte[] header = readFully(PACKET_HEADER_BYTES);
    int found = header[3] & 0xFF;
    if (found != (sequence & 0xFF)) {
      throw new IOException("packet number " + found + ", expected " + (sequence & 0xFF));
    }
    sequence++;
    return readFully((header[0] & 0xFF) | (header[1] & 0xFF) << 8 | (header[2] & 0xFF) << 16);
  }

  private byte[] readFully(int length) throws IOException {
    byte[] bytes = answers.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("the source closed the connection");
    }
    return bytes;
  }

  private static void requireNoError(byte[] packet) throws IOException {
    if (packet.length == 0) {
      throw new IOException("the source answered with an empty packet");
    }
    if ((packet[0] & 0xFF) == 0xFF) {
      throw SourceErrorException.parse(packet);
    }
  }

  /** Closes the socket itself, under TLS too: its goodbye could wait for a thread that reads. */
  @Override
  public void close() throws IOException {
    socket.close();
  }

  private static void closeQuietly(Socket socket, Throwable reason) {
    try {
      socket.close();
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
  }
}
