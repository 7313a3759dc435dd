package io.canal.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.admin.AdminSocket;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Asks a server on its admin socket, one request per connection. HTTP 1.0, in which the answer ends
 * with the connection: the JDK's own client knows no Unix domain sockets.
 */
final class AdminClient {
  private static final JsonMapper MAPPER = new JsonMapper();

  private final Path socket;

  private AdminClient(Path socket) {
    this.socket = socket;
  }

  /**
   * Finds the server of a data directory; empty where none answers.
   *
   * @throws CanalException where one may answer but not to this account
   */
  static Optional<AdminClient> find(Path dataDirectory) {
    Path socket = dataDirectory.resolve(AdminSocket.NAME);
    if (!AdminSocket.fits(socket) || !Files.exists(socket)) {
      return Optional.empty();
    }
    if (!Files.isWritable(socket)) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST,
          socket + ": not for this account, expected that of the server, or root");
    }
    AdminClient client = new AdminClient(socket);
    try (SocketChannel channel = client.connect()) {
      return channel.isConnected() ? Optional.of(client) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // left by a server that was killed
    }
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(socket));
  }

  JsonNode get(String path) {
    return request("GET", path, "");
  }

  JsonNode put(String path, JsonNode body) {
    return request("PUT", path, body.toString());
  }

  JsonNode delete(String path) {
    return request("DELETE", path, "");
  }

  /** Waits as long as the answer takes: a start may be looked for in a large file. */
  private JsonNode request(String method, String path, String body) {
    byte[] content = body.getBytes(UTF_8);
    String head =
        "%s %s HTTP/1.0\r\nHost: canal\r\nContent-Length: %d\r\n\r\n"
            .formatted(method, path, content.length);
    try (SocketChannel channel = connect();
        InputStream in = Channels.newInputStream(channel)) {
      write(channel, head.getBytes(UTF_8));
      write(channel, content);
      return answer(new String(in.readAllBytes(), UTF_8));
    } catch (IOException e) {
      throw new CanalException(ErrorCode.RETRY, socket + ": the server does not answer: " + e, e);
    }
  }

  private static void write(SocketChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private static JsonNode answer(String response) throws IOException {
    int end = response.indexOf("\r\n\r\n");
    String[] status = response.split(" ", 3);
    if (end < 0 || status.length < 3) {
      throw new IOException("expected an HTTP response of some length, found " + response.length());
    }
    JsonNode json = MAPPER.readTree(response.substring(end));
    if (!status[1].equals("200")) {
      throw new CanalException(
          status[1].equals("503") ? ErrorCode.RETRY : ErrorCode.BAD_REQUEST,
          json.path("error").asText("status " + status[1]));
    }
    return json;
  }
}
