package io.canal.server.tcp;

import com.google.protobuf.InvalidProtocolBufferException;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.ClientAck;
import io.canal.protocol.CanalPacket.ClientAuth;
import io.canal.protocol.CanalPacket.ClientRollback;
import io.canal.protocol.CanalPacket.Compression;
import io.canal.protocol.CanalPacket.Get;
import io.canal.protocol.CanalPacket.Packet;
import io.canal.protocol.CanalPacket.PacketType;
import io.canal.protocol.CanalPacket.Sub;
import io.canal.protocol.CanalPacket.Unsub;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Start;
import io.canal.server.config.User;
import io.canal.server.subscription.Batch;
import io.canal.server.subscription.Subscriber;
import io.canal.server.subscription.Subscription;
import io.canal.server.subscription.Subscriptions;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The conversation on one connection (wire-protocol section 4). Requests are done strictly in
 * order: one that waits holds back those behind it, up to the size of a frame. Runs on its
 * channel's event loop; subscriptions call in from worker threads.
 *
 * <p>An error that answers a request leaves the session as it is. After one that answers nothing,
 * such as a wrong ack, the client could not tell it from its next answer: the session ends.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what cannot be written closes the channel
final class Session extends ChannelInboundHandlerAdapter implements Subscriber {
  private static final Logger LOGGER = LoggerFactory.getLogger(Session.class);

  static final int ERROR = 400;

  /** A mistake in the request itself: a missing id, a filter or a start that is none. */
  static final int ERROR_REQUEST = 401;

  static final int ERROR_BATCH_ID = 402;

  /** Asking again does not help, as it may where the destination does not run yet. */
  static final int ERROR_FORBIDDEN = 403;

  static final int ERROR_UNKNOWN_DESTINATION = 404;
  static final int ERROR_TAKEN_OVER = 409;

  /** What an unauthenticated client may send in one frame. */
  static final int MAX_AUTHENTICATION_BYTES = 4096;

  /** How long a client has to read why its session ended. */
  private static final int LINGER_MS = 2000;

  private static final TimeUnit[] UNITS = {
    TimeUnit.NANOSECONDS,
    TimeUnit.MICROSECONDS,
    TimeUnit.MILLISECONDS,
    TimeUnit.SECONDS,
    TimeUnit.MINUTES,
    TimeUnit.HOURS,
    TimeUnit.DAYS
  };

  private enum State {
    AUTHENTICATING,
    OPEN,
    ENDING
  }

  private final TcpServer server;
  private final FrameDecoder decoder;
  private final byte[] seed;

  // owned by the event loop
  private ChannelHandlerContext ctx;
  private User user;
  private Optional<Start> startIfNew = Optional.empty();
  private final Map<SubscriptionKey, Subscription> held = new HashMap<>();
  private final Deque<ByteBuf> requests = new ArrayDeque<>();
  private int requestBytes;
  private boolean busy;
  private boolean closeWhenIdle;
  private Subscription fetching;
  private boolean waiting;
  private long fetchTimeoutNanos;
  private Future<?> timer;
  private final BatchOutput output = new BatchOutput();
  private ByteBuf lastWords;

  // written by the event loop, read by all
  private volatile State state = State.AUTHENTICATING;
  private volatile String address = "";

  Session(TcpServer server, FrameDecoder decoder, byte[] seed) {
    this.server = server;
    this.decoder = decoder;
    this.seed = seed;
  }

  // ---- the connection

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    if (context.channel().isActive()) {
      open();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    open();
  }

  private void open() {
    if (!address.isEmpty()) {
      return;
    }
    address =
        ctx.channel().remoteAddress() instanceof InetSocketAddress remote
            ? remote.getAddress().getHostAddress() + ":" + remote.getPort()
            : String.valueOf(ctx.channel().remoteAddress());
    ctx.writeAndFlush(Packets.handshake(seed));
    int timeoutMs = server.limits().authenticationTimeoutMs();
    timer =
        schedule(
            () -> fail(ERROR, "no login within " + timeoutMs + " ms"),
            TimeUnit.MILLISECONDS.toNanos(timeoutMs));
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (!held.isEmpty()) {
      LOGGER.info("session {} closed by its client", address);
    } else if (state == State.OPEN) {
      LOGGER.debug("session {} closed by its client", address);
    }
    leave();
    output.close();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    Throwable reason =
        cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
    if (reason instanceof CanalException) {
      fail(ERROR, reason.getMessage());
    } else if (reason instanceof IOException) {
      LOGGER.debug("session {}: {}", address, reason.toString());
      ctx.close();
    } else {
      LOGGER.warn("session {} failed", address, reason);
      fail(ERROR, "internal error: " + reason);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof IdleStateEvent idle) {
      boolean readIdle = idle.state() == IdleState.READER_IDLE && !busy;
      boolean writeStuck = idle.state() == IdleState.WRITER_IDLE && output.isBusy();
      if (readIdle || writeStuck) {
        LOGGER.info("session {} closed: its client is silent for too long", address);
        ctx.close();
      }
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  /** Closes once the request in hand is answered; one that waits is answered with nothing. */
  void shutDown() {
    closeWhenIdle = true;
    if (waiting) {
      fetching.expire(this);
    } else if (!busy) {
      ctx.close();
    }
  }

  // ---- requests

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf frame = (ByteBuf) message;
    if (state == State.ENDING) {
      frame.release();
    } else if (!busy) {
      handle(frame);
    } else if (requestBytes + frame.readableBytes() > server.limits().maxFrameBytes()) {
      frame.release();
      fail(ERROR, "too many requests while one waits for its answer");
    } else {
      requestBytes += frame.readableBytes();
      requests.add(frame);
    }
  }

  private void fetched() {
    cancelTimer();
    fetching = null;
    waiting = false;
  }

  private void answered() {
    busy = false;
    if (closeWhenIdle) {
      ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      return;
    }
    while (!busy && state != State.ENDING && !requests.isEmpty()) {
      ByteBuf next = requests.remove();
      requestBytes -= next.readableBytes();
      handle(next);
    }
  }

  private void handle(ByteBuf frame) {
    try {
      Packet packet = Packet.parseFrom(frame.nioBuffer());
      check(packet);
      if (state == State.AUTHENTICATING) {
        if (packet.getType() != PacketType.CLIENTAUTHENTICATION) {
          fail(ERROR, "packet type " + name(packet) + " before the login");
          return;
        }
        authenticate(ClientAuth.parseFrom(packet.getBody()));
        return;
      }
      switch (packet.getType()) {
        case SUBSCRIPTION -> subscribe(Sub.parseFrom(packet.getBody()));
        case UNSUBSCRIPTION -> unsubscribe(Unsub.parseFrom(packet.getBody()));
        case GET -> get(Get.parseFrom(packet.getBody()));
        case CLIENTACK -> acknowledge(ClientAck.parseFrom(packet.getBody()));
        case CLIENTROLLBACK -> rollback(ClientRollback.parseFrom(packet.getBody()));
        default -> fail(ERROR, "packet type " + name(packet) + " is not one that a client sends");
      }
    } catch (InvalidProtocolBufferException e) {
      fail(ERROR, "a request that cannot be read: " + e.getMessage());
    } catch (WireException e) {
      if (e.answers()) {
        answer(Packets.error(e.code(), e.getMessage()));
      } else {
        fail(e.code(), e.getMessage());
      }
    } finally {
      frame.release();
    }
  }

  private static void check(Packet packet) {
    if (packet.getVersion() != 0 && packet.getVersion() != Packets.VERSION) {
      throw new WireException(
          ERROR, false, "version " + packet.getVersion() + ", expected " + Packets.VERSION);
    }
    Compression compression = packet.getCompression();
    if (compression != Compression.COMPRESSIONCOMPATIBLEPROTO2 && compression != Compression.NONE) {
      throw new WireException(ERROR, false, "compression " + compression + ", expected NONE");
    }
  }

  private static String name(Packet packet) {
    return packet.getType() == PacketType.UNRECOGNIZED
        ? String.valueOf(packet.getTypeValue())
        : packet.getType().name();
  }

  private void authenticate(ClientAuth auth) {
    Optional<User> known =
        server.users().logIn(auth.getUsername(), auth.getPassword().toByteArray(), seed);
    if (known.isEmpty()) {
      fail(ERROR, "wrong user or password");
      return;
    }
    user = known.get();
    cancelTimer();
    state = State.OPEN;
    decoder.maxBytes(server.limits().maxFrameBytes());
    ctx.pipeline()
        .addBefore(
            ctx.name(),
            "idle",
            new IdleStateHandler(
                true,
                idleTimeoutMs(auth.getNetReadTimeout()),
                idleTimeoutMs(auth.getNetWriteTimeout()),
                0,
                TimeUnit.MILLISECONDS));
    // at info once it subscribes: a client may try often while its destination does not run
    LOGGER.debug("session {} opened by user '{}'", address, printable(user.name()));
    if (auth.getStartTimestamp() > 0) {
      startIfNew = Optional.of(Start.at(Instant.ofEpochMilli(auth.getStartTimestamp())));
    }
    if (auth.getDestination().isEmpty() || auth.getClientId().isEmpty()) {
      answer(Packets.ack());
    } else {
      subscribe(auth.getDestination(), auth.getClientId(), auth.getFilter(), Optional.empty());
    }
  }

  private int idleTimeoutMs(int wanted) {
    return wanted > 0 ? wanted : server.limits().idleTimeoutMs();
  }

  private void subscribe(Sub sub) {
    Optional<Start> start = Optional.empty();
    if (!sub.getStart().isEmpty()) {
      try {
        start = Optional.of(Start.parse(sub.getStart()));
      } catch (IllegalArgumentException e) {
        throw new WireException(ERROR_REQUEST, true, e.getMessage());
      }
    }
    subscribe(sub.getDestination(), sub.getClientId(), sub.getFilter(), start);
  }

  private void subscribe(
      String destination, String clientId, String filter, Optional<Start> start) {
    SubscriptionKey key = SubscriptionKey.of(destination, clientId, true);
    Subscriptions subscriptions = subscriptions(key);
    busy = true;
    subscriptions.subscribe(
        key.clientId(),
        new Subscriptions.Request(
            filter.strip(), start.isPresent() ? start : startIfNew, start.isEmpty()),
        this,
        subscription ->
            run(
                () -> {
                  held.put(key, subscription);
                  LOGGER.info(
                      "session {} subscribed as client id {} of {}, filter '{}'",
                      address,
                      key.clientId(),
                      key.destination(),
                      printable(subscription.filter()));
                  answer(
                      start.isEmpty()
                          ? Packets.ack()
                          : Packets.started(subscription.acknowledged()));
                }));
  }

  private void unsubscribe(Unsub unsub) {
    SubscriptionKey key = SubscriptionKey.of(unsub.getDestination(), unsub.getClientId(), true);
    Subscriptions subscriptions = subscriptions(key);
    busy = true;
    subscriptions.unsubscribe(
        key.clientId(),
        this,
        () ->
            run(
                () -> {
                  held.remove(key);
                  answer(Packets.ack());
                }));
  }

  private void get(Get get) {
    SubscriptionKey key = SubscriptionKey.of(get.getDestination(), get.getClientId(), true);
    boolean wait = get.getTimeout() >= 0;
    fetchTimeoutNanos = 0;
    if (get.getTimeout() > 0) {
      int unit = get.getUnit();
      if (unit < 0 || unit >= UNITS.length) {
        throw new WireException(ERROR, true, "time unit " + unit + ", expected 0 to 6");
      }
      fetchTimeoutNanos = UNITS[unit].toNanos(get.getTimeout());
    }
    Subscription subscription = held.get(key);
    if (subscription != null) {
      fetch(subscription, get.getFetchSize(), wait);
      return;
    }
    Subscription found =
        subscriptions(key)
            .find(key.clientId())
            .orElseThrow(
                () ->
                    new WireException(
                        ERROR,
                        true,
                        "client id %d of %s is not subscribed, expected a SUBSCRIPTION first"
                            .formatted(key.clientId(), key.destination())));
    busy = true;
    found.attach(
        this,
        () ->
            run(
                () -> {
                  held.put(key, found);
                  fetch(found, get.getFetchSize(), wait);
                }));
  }

  private void fetch(Subscription subscription, int fetchSize, boolean wait) {
    busy = true;
    fetching = subscription;
    subscription.fetch(this, fetchSize, wait);
  }

  private void acknowledge(ClientAck ack) {
    long batchId = ack.getBatchId();
    if (batchId == -1) {
      return; // a client acknowledges the empty answer of its get
    }
    SubscriptionKey key = SubscriptionKey.of(ack.getDestination(), ack.getClientId(), false);
    Subscription subscription = held.get(key);
    if (batchId == 0 || subscription == null) {
      fail(
          ERROR_BATCH_ID, "ack of batch %d, expected one that this session got".formatted(batchId));
      return;
    }
    subscription.acknowledge(this, batchId);
  }

  private void rollback(ClientRollback rollback) {
    SubscriptionKey key =
        SubscriptionKey.of(rollback.getDestination(), rollback.getClientId(), false);
    Subscription subscription = held.get(key);
    if (subscription != null && rollback.getBatchId() >= 0) {
      subscription.rollback(this, rollback.getBatchId());
    }
  }

  private Subscriptions subscriptions(SubscriptionKey key) {
    if (!user.mayRead(key.destination())) {
      throw new WireException(
          ERROR_FORBIDDEN,
          true,
          "user '%s' may not read destination '%s'".formatted(user.name(), key.destination()));
    }
    try {
      return server.destinations().subscriptions(key.destination());
    } catch (CanalException e) {
      int code = e.code() == ErrorCode.BAD_REQUEST ? ERROR_UNKNOWN_DESTINATION : ERROR;
      throw new WireException(code, true, e.getMessage());
    }
  }

  // ---- what subscriptions tell

  @Override
  public String address() {
    return address;
  }

  @Override
  public boolean isOpen() {
    return state == State.OPEN && ctx.channel().isActive();
  }

  @Override
  public void deliver(Batch batch) {
    run(
        () -> {
          if (state != State.OPEN) {
            batch.release();
            return;
          }
          fetched();
          output.begin(batch);
          writeOut();
        });
  }

  @Override
  public void nothing() {
    run(() -> answer(Packets.noMessages()));
  }

  @Override
  public void waiting() {
    run(
        () -> {
          if (state != State.OPEN || fetching == null) {
            return;
          }
          Subscription subscription = fetching;
          waiting = true;
          if (closeWhenIdle) {
            subscription.expire(this);
          } else if (fetchTimeoutNanos > 0) {
            timer = schedule(() -> subscription.expire(this), fetchTimeoutNanos);
          }
        });
  }

  @Override
  public void refuse(CanalException reason) {
    run(() -> answer(Packets.error(ERROR, reason.getMessage())));
  }

  @Override
  public void refuseRequest(CanalException reason) {
    run(() -> answer(Packets.error(ERROR_REQUEST, reason.getMessage())));
  }

  @Override
  public void end(EndReason reason, String message) {
    int code =
        switch (reason) {
          case GONE -> ERROR;
          case BAD_BATCH_ID -> ERROR_BATCH_ID;
          case TAKEN_OVER -> ERROR_TAKEN_OVER;
        };
    run(() -> fail(code, message));
  }

  private void run(Runnable task) {
    try {
      ctx.executor().execute(task);
    } catch (RejectedExecutionException e) {
      LOGGER.debug("session {}: the server has ended", address);
    }
  }

  private Future<?> schedule(Runnable task, long delayNanos) {
    return ctx.executor().schedule(task, delayNanos, TimeUnit.NANOSECONDS);
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  // ---- answers

  private void answer(ByteBuf frame) {
    if (state != State.OPEN) {
      frame.release();
      return;
    }
    fetched();
    ctx.writeAndFlush(frame);
    answered();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    writeOut();
    ctx.fireChannelWritabilityChanged();
  }

  private void writeOut() {
    if (output.write(ctx)) {
      if (lastWords == null) {
        answered();
      } else {
        sayLast(lastWords);
      }
    }
  }

  /** Tells the client why, and closes. */
  private void fail(int code, String message) {
    if (state == State.ENDING) {
      return;
    }
    boolean known = state == State.OPEN;
    leave();
    if (known || server.mayLogFailure()) {
      LOGGER.info("session {} ended: {} ({})", address, printable(message), code);
    }
    schedule(() -> ctx.close(), TimeUnit.MILLISECONDS.toNanos(LINGER_MS));
    ByteBuf error = Packets.error(code, message);
    if (output.isBusy()) {
      lastWords = error; // a batch is half written
    } else {
      sayLast(error);
    }
  }

  /**
   * Half closes, so that what the client still sends does not make the kernel throw away what it
   * has not read yet.
   */
  private void sayLast(ByteBuf error) {
    ctx.writeAndFlush(error)
        .addListener(
            written -> {
              if (written.isSuccess() && ctx.channel() instanceof DuplexChannel channel) {
                channel.shutdownOutput();
              } else {
                ctx.close();
              }
            });
  }

  private void leave() {
    state = State.ENDING;
    cancelTimer();
    decoder.discard();
    held.values().forEach(subscription -> subscription.detach(this));
    held.clear();
    requests.forEach(ReferenceCountUtil::release);
    requests.clear();
  }

  /** Text of a client, fit for one line of the log. */
  private static String printable(String text) {
    String start = text.length() > 300 ? text.substring(0, 300) + "..." : text;
    return start.replaceAll("\\p{Cntrl}", "?");
  }
}
