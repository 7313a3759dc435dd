package io.canal.server.tcp;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.config.ServerSettings.TcpLimits;
import io.canal.server.config.User;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The port that Canal's clients connect to: one {@link Session} per connection, on a few threads
 * named {@code tcp-1-1} and so on. Started and closed once, by one thread.
 */
@SuppressWarnings("FutureReturnValueIgnored") // channels are closed through their group
public final class TcpServer implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(TcpServer.class);
  private static final int BACKLOG = 1024;
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(128 * 1024, 256 * 1024);

  /** How long clients may take for their last answers when the server closes. */
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

  private final String host;
  private final int port;
  private final Users users;
  private final TcpLimits limits;
  private final Optional<SslContext> tls;
  private final Destinations destinations;
  private final SecureRandom random = new SecureRandom();
  private final QuickAck quickAck = new QuickAck();
  private final ChannelGroup sessions = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final AtomicLong lastFailureNanos = new AtomicLong(Long.MIN_VALUE);

  private EventLoopGroup threads;
  private Channel acceptor;

  /**
   * @param host the address to listen at; {@code 0.0.0.0} for all
   * @param port 0 takes a free one, see {@link #address}
   * @param users empty if everybody may log in
   * @param tls present if clients must use it
   */
  public TcpServer(
      String host,
      int port,
      List<User> users,
      TcpLimits limits,
      Optional<SslContext> tls,
      Destinations destinations) {
    this.host = requireNonNull(host, "host is null");
    this.port = port;
    this.users = new Users(users);
    this.limits = requireNonNull(limits, "limits is null");
    this.tls = requireNonNull(tls, "tls is null");
    this.destinations = requireNonNull(destinations, "destinations is null");
  }

  /**
   * Listens from here on.
   *
   * @throws CanalException where the address cannot be had
   */
  public void start() {
    threads =
        new MultiThreadIoEventLoopGroup(
            Math.max(2, Runtime.getRuntime().availableProcessors() / 2),
            new DefaultThreadFactory("tcp"),
            NioIoHandler.newFactory());
    ChannelFuture bound =
        new ServerBootstrap()
            .group(threads)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel);
                  }
                })
            .bind(host, port)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      threads.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      throw new CanalException(
          ErrorCode.STOP_SERVER,
          "cannot listen for clients at %s:%d: %s"
              .formatted(host, port, bound.cause().getMessage()),
          bound.cause());
    }
    acceptor = bound.channel();
    LOGGER.info(
        "listening for clients at {}{}",
        acceptor.localAddress(),
        tls.isPresent() ? " with TLS" : "");
  }

  private void accept(Channel channel) {
    if (sessions.size() >= limits.maxConnections()) {
      if (mayLogFailure()) {
        LOGGER.warn(
            "refused {}: {} connections are open", channel.remoteAddress(), sessions.size());
      }
      ByteBuf error =
          Packets.error(
              Session.ERROR, "the server has its " + limits.maxConnections() + " connections");
      channel.writeAndFlush(error).addListener(ChannelFutureListener.CLOSE);
      return;
    }
    sessions.add(channel);
    channel.pipeline().addLast(quickAck);
    tls.ifPresent(context -> channel.pipeline().addLast(context.newHandler(channel.alloc())));
    addSession(channel);
  }

  /** Puts a session and its frame decoder at the end of a channel's pipeline. */
  void addSession(Channel channel) {
    byte[] seed = new byte[Packets.SEED_BYTES];
    random.nextBytes(seed);
    FrameDecoder decoder = new FrameDecoder(Session.MAX_AUTHENTICATION_BYTES);
    channel.pipeline().addLast(decoder, new Session(this, decoder, seed));
  }

  /** Where it listens, once started. */
  public InetSocketAddress address() {
    return (InetSocketAddress) acceptor.localAddress();
  }

  /** Connections that are open now. */
  public int connections() {
    return sessions.size();
  }

  Users users() {
    return users;
  }

  TcpLimits limits() {
    return limits;
  }

  Destinations destinations() {
    return destinations;
  }

  /** Whether a client that did not log in may fill a line of the log: one a second may. */
  boolean mayLogFailure() {
    long now = System.nanoTime();
    long last = lastFailureNanos.get();
    return (last == Long.MIN_VALUE || now - last >= TimeUnit.SECONDS.toNanos(1))
        && lastFailureNanos.compareAndSet(last, now);
  }

  /** Accepts no more, answers what waits, and closes all connections, within a few seconds. */
  @Override
  public void close() {
    if (threads == null || threads.isShuttingDown()) {
      return;
    }
    if (acceptor != null) {
      acceptor.close().awaitUninterruptibly();
    }
    for (Channel channel : sessions) {
      channel
          .eventLoop()
          .execute(
              () -> {
                Session session = channel.pipeline().get(Session.class);
                if (session == null) {
                  channel.close();
                } else {
                  session.shutDown();
                }
              });
    }
    if (!sessions.newCloseFuture().awaitUninterruptibly(CLOSE_TIMEOUT.toMillis())) {
      LOGGER.warn("{} clients did not take their last answer in time", sessions.size());
      sessions.close().awaitUninterruptibly(CLOSE_TIMEOUT.toMillis());
    }
    threads
        .shutdownGracefully(0, CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
        .awaitUninterruptibly(CLOSE_TIMEOUT.toMillis());
  }
}
