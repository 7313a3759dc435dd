package io.canal.server.admin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Start;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the operator's commands as HTTP on the Unix domain socket {@code data/canal.sock}, which
 * only the account of the server (and root) can open and no network reaches (docs/adr/0009). Also
 * by hand: {@code curl --unix-socket data/canal.sock http://canal/positions}.
 *
 * <pre>
 * GET    /positions[/DESTINATION[/CLIENT]]
 * PUT    /positions/DESTINATION/CLIENT        {"start": "earliest", "dryRun": true}
 * DELETE /positions/DESTINATION/CLIENT        ?dryRun=true
 * </pre>
 *
 * What cannot be done is an answer of status 400, or 503 where it may work later, with {@code
 * {"error": "..."}}.
 */
public final class AdminSocket implements AutoCloseable {
  /** The name of the socket in the data directory. */
  public static final String NAME = "canal.sock";

  /** What fits into the address of a socket, a final zero aside. */
  static final int MAX_PATH_BYTES = 107;

  private static final Logger LOG = LoggerFactory.getLogger(AdminSocket.class);
  private static final int MAX_REQUEST_BYTES = 1 << 20;
  private static final String JSON = "application/json";
  private static final JsonMapper MAPPER = new JsonMapper();

  private final Path directory;
  private final Path path;
  private final SortedMap<String, PositionDesk> desks;
  private final Server server;
  private final UnixDomainServerConnector connector;

  // owned by the starting thread
  private Object key;

  /**
   * @param dataDirectory made where it is missing
   * @param desks by destination
   */
  public AdminSocket(Path dataDirectory, SortedMap<String, PositionDesk> desks) {
    this.directory = requireNonNull(dataDirectory, "dataDirectory is null");
    this.path = dataDirectory.resolve(NAME);
    this.desks = new TreeMap<>(desks);
    QueuedThreadPool threads = new QueuedThreadPool(8, 1);
    threads.setName("admin");
    threads.setDaemon(true);
    server = new Server(threads);
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    connector = new UnixDomainServerConnector(server, 1, 1, new HttpConnectionFactory(http));
    connector.setIdleTimeout(0); // a start is looked for as long as it takes
    server.addConnector(connector);
    server.setHandler(new Routes());
  }

  /** Whether an address of the system has room for that path. */
  public static boolean fits(Path socket) {
    return socket.toString().getBytes(UTF_8).length <= MAX_PATH_BYTES;
  }

  /**
   * Opens the socket. It is made in a directory that others cannot enter and moved to its place
   * when its mode is right; what a killed server left there is replaced.
   *
   * @throws CanalException STOP_SERVER where another server answers there
   * @throws IOException where it cannot be made; the server does without
   */
  public void start() throws IOException {
    if (!fits(path)) {
      throw new IOException(
          "the path has %d bytes, a socket's address holds %d: choose a shorter canal.file.data.dir"
              .formatted(path.toString().getBytes(UTF_8).length, MAX_PATH_BYTES));
    }
    Files.createDirectories(directory);
    requireNobodyAnswers();
    Path hidden = directory.resolve(".sock");
    Path made = hidden.resolve("s");
    Files.deleteIfExists(made);
    Files.deleteIfExists(hidden);
    Files.createDirectory(
        hidden, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    connector.setUnixDomainPath(made);
    try {
      server.start();
      Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));
      key = fileKey(made);
      Files.move(made, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    } finally {
      Files.deleteIfExists(hidden);
    }
  }

  private void requireNobodyAnswers() {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      throw new CanalException(
          ErrorCode.STOP_SERVER,
          "%s: another server answers there, expected a canal.file.data.dir of this server's own"
              .formatted(channel.getRemoteAddress()));
    } catch (IOException e) {
      LOG.debug("{} is free: {}", path, e.toString());
    }
  }

  private static Object fileKey(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  @Override
  public void close() {
    try {
      server.stop();
      if (key != null && Files.exists(path) && key.equals(fileKey(path))) {
        Files.deleteIfExists(path);
      }
    } catch (Exception e) {
      throw new CanalException(ErrorCode.RETRY, path + ": cannot be closed", e);
    }
  }

  private final class Routes extends Handler.Abstract {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      try {
        answer(request, response, callback);
      } catch (CanalException e) {
        int code = e.code() == ErrorCode.RETRY ? 503 : 400;
        send(response, callback, code, AdminJson.error(e.getMessage()));
      } catch (RuntimeException | IOException e) {
        LOG.error("{} {} failed", request.getMethod(), request.getHttpURI().getPath(), e);
        send(response, callback, 500, AdminJson.error(e.toString()));
      }
      return true;
    }
  }

  private void answer(Request request, Response response, Callback callback) throws IOException {
    String[] names = Request.getPathInContext(request).split("/", -1);
    if (names.length < 2 || names.length > 4 || !names[1].equals("positions")) {
      send(response, callback, 404, AdminJson.error("not found, expected /positions"));
      return;
    }
    Optional<String> destination = names.length > 2 ? Optional.of(names[2]) : Optional.empty();
    Optional<String> client = names.length > 3 ? Optional.of(names[3]) : Optional.empty();
    String method = request.getMethod();
    if (method.equals("GET")) {
      send(response, callback, 200, AdminJson.of(show(destination, client)));
    } else if (client.isPresent() && method.equals("PUT")) {
      send(
          response,
          callback,
          200,
          AdminJson.of(set(desk(destination.get()), client.get(), body(request))));
    } else if (client.isPresent() && method.equals("DELETE")) {
      Fields query = Request.extractQueryParameters(request);
      boolean dryRun = Boolean.parseBoolean(query.getValue("dryRun"));
      send(
          response,
          callback,
          200,
          AdminJson.of(desk(destination.get()).forget(client.get(), dryRun)));
    } else {
      send(
          response,
          callback,
          405,
          AdminJson.error("expected GET, or PUT and DELETE on /positions/DESTINATION/CLIENT"));
    }
  }

  private List<DestinationPositions> show(Optional<String> destination, Optional<String> client) {
    return destination.isPresent()
        ? List.of(desk(destination.get()).show(client))
        : desks.values().stream().map(desk -> desk.show(client)).toList();
  }

  private PositionChange set(PositionDesk desk, String client, JsonNode body) {
    Start start;
    try {
      start = Start.parse(body.path("start").asText(""));
    } catch (IllegalArgumentException e) {
      throw new CanalException(ErrorCode.BAD_REQUEST, e.getMessage(), e);
    }
    return desk.set(client, start, body.path("dryRun").asBoolean());
  }

  private PositionDesk desk(String destination) {
    return Optional.ofNullable(desks.get(destination))
        .orElseThrow(
            () ->
                new CanalException(
                    ErrorCode.BAD_REQUEST,
                    "no destination '%s' that is configured right, there are %s"
                        .formatted(destination, desks.keySet())));
  }

  private static JsonNode body(Request request) throws IOException {
    if (request.getLength() < 0 || request.getLength() > MAX_REQUEST_BYTES) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST,
          "a body of %d bytes, expected at most %d and their number ahead"
              .formatted(request.getLength(), MAX_REQUEST_BYTES));
    }
    try {
      return MAPPER.readTree(Content.Source.asString(request));
    } catch (JsonProcessingException e) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST, "expected JSON, found: " + e.getOriginalMessage(), e);
    }
  }

  private static void send(Response response, Callback callback, int code, JsonNode body) {
    byte[] bytes = (body.toPrettyString() + "\n").getBytes(UTF_8);
    response.setStatus(code);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, JSON);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
    response.write(true, ByteBuffer.wrap(bytes), callback);
  }
}
