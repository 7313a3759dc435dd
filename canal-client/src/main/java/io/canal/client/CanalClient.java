package io.canal.client;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.Start;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLContext;

/**
 * Delivers changes to listeners, and keeps the connections behind that alive. Immutable and safe
 * from any thread; it holds nothing open itself, each {@link Subscription} has its own connection
 * and thread.
 *
 * <pre>{@code
 * CanalClient client = CanalClient.builder().server("127.0.0.1", 11111).user("canal").password(password).build();
 * Subscription subscription =
 *     client.subscribe(
 *         "example",
 *         "shop\\..*",
 *         change -> {
 *           if (change.operation() == Operation.INSERT) {
 *             mailer.welcome(change.after().getLong("id"), change.after().getString("email"));
 *           } // an exception from here brings the batch again, after a pause
 *         });
 * subscription.closed().whenComplete(
 *     (ignored, reason) -> {
 *       if (reason != null) { // wrong password, or another process took the client id over
 *         alarm("no changes arrive any more: " + reason.getMessage());
 *       }
 *     });
 * }</pre>
 */
public final class CanalClient {
  private final ClientSettings settings;
  private final int batchSize;
  private final BiConsumer<Subscription, Exception> errorHandler;

  private CanalClient(Builder builder) {
    settings =
        new ClientSettings(
            builder.servers,
            builder.user,
            builder.password,
            builder.clientId,
            builder.tls,
            builder.connectTimeoutMs,
            builder.replyTimeoutMs,
            builder.maxFrameBytes);
    batchSize = builder.batchSize;
    errorHandler = builder.errorHandler;
  }

  public static Builder builder() {
    return new Builder();
  }

  /**
   * Subscribes and returns at once; a thread of its own connects, delivers and acknowledges, and
   * connects again after failures until the subscription ends. It goes on behind what its client id
   * has acknowledged; a new one begins with the oldest transaction that the server has in hand.
   *
   * @param filter comma-separated regular expressions for {@code schema.table}; empty for the
   *     filter that the server has
   */
  public Subscription subscribe(String destination, String filter, ChangeListener listener) {
    return subscribe(destination, filter, Optional.empty(), listener);
  }

  /**
   * Subscribes where {@code start} says, whatever the position at the server was, which it
   * replaces: to read changes again, or to leave some out. Once: after a broken connection the
   * subscription goes on behind what it acknowledged. It ends where the start cannot be reached,
   * such as a place that the source has purged.
   *
   * <pre>{@code
   * Start yesterday = Start.at(Instant.now().minus(Duration.ofDays(1)));
   * client.subscribe("example", "shop\\..*", yesterday, listener);
   * }</pre>
   *
   * @param filter as in {@link #subscribe(String, String, ChangeListener)}
   */
  public Subscription subscribe(
      String destination, String filter, Start start, ChangeListener listener) {
    return subscribe(
        destination, filter, Optional.of(requireNonNull(start, "start is null")), listener);
  }

  private Subscription subscribe(
      String destination, String filter, Optional<Start> start, ChangeListener listener) {
    Subscription subscription =
        new Subscription(
            settings,
            requireNonNull(destination, "destination is null"),
            requireNonNull(filter, "filter is null"),
            start,
            batchSize,
            requireNonNull(listener, "listener is null"),
            errorHandler);
    subscription.start();
    return subscription;
  }

  /** A connector to pull batches with, not connected yet. */
  public CanalConnector newConnector(String destination) {
    return new SocketConnector(settings, destination);
  }

  /** Collects settings; for one thread. All but the server have a default. */
  public static final class Builder {
    private final List<SocketAddress> servers = new ArrayList<>();
    private String user = "";
    private String password = "";
    private short clientId = ClientSettings.DEFAULT_CLIENT_ID;
    private Optional<SSLContext> tls = Optional.empty();
    private int connectTimeoutMs = ClientSettings.DEFAULT_CONNECT_TIMEOUT_MS;
    private int replyTimeoutMs = ClientSettings.DEFAULT_REPLY_TIMEOUT_MS;
    private int maxFrameBytes = ClientSettings.DEFAULT_MAX_FRAME_BYTES;
    private int batchSize = 1024;
    private BiConsumer<Subscription, Exception> errorHandler = Subscription::log;

    private Builder() {}

    /** Adds a server, whose name is looked up at each connect; several are tried in turn. */
    public Builder server(String host, int port) {
      return server(InetSocketAddress.createUnresolved(host, port));
    }

    /** Adds a server; several are tried in turn. */
    public Builder server(SocketAddress address) {
      servers.add(requireNonNull(address, "address is null"));
      return this;
    }

    public Builder user(String newUser) {
      user = newUser;
      return this;
    }

    public Builder password(String newPassword) {
      password = newPassword;
      return this;
    }

    /**
     * The identity of the subscription at the server, 1 to 32767; 1001 unless set. The newest
     * session of an id takes over from the one before, so each application needs its own.
     */
    public Builder clientId(int newClientId) {
      if (newClientId < 1 || newClientId > Short.MAX_VALUE) {
        throw new IllegalArgumentException("clientId " + newClientId + ", expected 1 to 32767");
      }
      clientId = (short) newClientId;
      return this;
    }

    /** Speaks TLS, and checks that the certificate names the host. */
    public Builder tls(SSLContext context) {
      tls = Optional.of(context);
      return this;
    }

    /** Milliseconds to connect, and again to shake hands; 10,000 unless set. */
    public Builder connectTimeoutMs(int milliseconds) {
      connectTimeoutMs = milliseconds;
      return this;
    }

    /** Milliseconds a server may take to answer, beyond what it was asked to wait; 60,000. */
    public Builder replyTimeoutMs(int milliseconds) {
      replyTimeoutMs = milliseconds;
      return this;
    }

    /** Largest answer to accept, in bytes; 1 GiB unless set. Memory is taken as bytes arrive. */
    public Builder maxFrameBytes(int bytes) {
      maxFrameBytes = bytes;
      return this;
    }

    /**
     * Most that a listener gets in one batch, in KiB of binary log or in entries, as the server is
     * set; 1024 unless set. Connectors are told at each call.
     */
    public Builder batchSize(int size) {
      if (size < 1) {
        throw new IllegalArgumentException("batchSize " + size + ", expected at least 1");
      }
      batchSize = size;
      return this;
    }

    /**
     * Hears of every failure of a listener and of a connection, on the subscription's thread, which
     * then tries again; logged as a warning unless set, while the connection fails once a minute.
     * May close the subscription.
     */
    public Builder errorHandler(BiConsumer<Subscription, Exception> handler) {
      errorHandler = requireNonNull(handler, "handler is null");
      return this;
    }

    public CanalClient build() {
      return new CanalClient(this);
    }
  }
}
