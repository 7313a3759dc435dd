package io.canal.client;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Start;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * A running delivery to one listener; made by {@link CanalClient#subscribe}. It owns a daemon
 * thread named {@code subscription-<destination>} and one connection. All methods may be called
 * from any thread, also from the listener.
 *
 * <p>It ends by {@link #close}; or by itself, with the reason in {@link #closed}, where connecting
 * again would not help: failed authentication, a filter that is no regular expression, another
 * session that took the client id over, or an {@link Error} of the listener. Everything else is
 * reported to the error handler and tried again after a pause of 100 ms that grows to 10 s.
 */
public final class Subscription implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Subscription.class.getName());
  private static final long WAIT_MS = 10_000;
  private static final long CLOSE_MS = 5_000;

  private final ClientSettings settings;
  private final String destination;
  private final String filter;
  private final Optional<Start> start;
  private final int batchSize;
  private final ChangeListener listener;
  private final BiConsumer<Subscription, Exception> errorHandler;
  private final Thread thread;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private final CountDownLatch closing = new CountDownLatch(1);

  // owned by the subscription's thread
  private final BatchReader batches = new BatchReader();
  private final Backoff connectBackoff = new Backoff();
  private final Backoff listenerBackoff = new Backoff();
  private final Outage outage = new Outage(System::nanoTime);
  private boolean connected;
  private boolean started;
  private int nextServer;

  // what close() may end: set while the thread waits for the server, not while it delivers
  private volatile Socket waitingOn;
  // what close() may end when its time is up: set while an acknowledgement is on its way
  private volatile Socket settlingOn;

  Subscription(
      ClientSettings settings,
      String destination,
      String filter,
      Optional<Start> start,
      int batchSize,
      ChangeListener listener,
      BiConsumer<Subscription, Exception> errorHandler) {
    this.settings = settings;
    this.destination = destination;
    this.filter = filter;
    this.start = start;
    this.batchSize = batchSize;
    this.listener = listener;
    this.errorHandler = errorHandler;
    thread = new Thread(this::run, "subscription-" + destination);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /**
   * Completes when the last call of listener and error handler has returned: normally after {@link
   * #close}, exceptionally with the reason if the subscription ended by itself. A copy; to complete
   * it does nothing here.
   */
  public CompletableFuture<Void> closed() {
    return closed.copy();
  }

  /**
   * Ends the delivery; the subscription and its position stay at the server. Waits up to five
   * seconds for the listener to finish its batch, which is then acknowledged, and interrupts it
   * after that. Does not wait when called from the listener. Idempotent.
   */
  @Override
  public void close() {
    closing.countDown();
    Socket socket = waitingOn;
    if (socket != null) {
      closeQuietly(socket);
    }
    if (Thread.currentThread() == thread) {
      return;
    }
    try {
      thread.join(CLOSE_MS);
      if (thread.isAlive()) {
        interrupt();
      }
    } catch (InterruptedException e) {
      interrupt();
      Thread.currentThread().interrupt();
    }
  }

  private void interrupt() {
    thread.interrupt();
    Socket socket = settlingOn;
    if (socket != null) {
      closeQuietly(socket);
    }
  }

  @Override
  public String toString() {
    return "subscription of '" + destination + "' by " + settings;
  }

  private void run() {
    try {
      while (isOpen()) {
        attempt();
      }
      closed.complete(null);
    } catch (CanalException e) {
      try {
        errorHandler.accept(this, e);
      } finally {
        closed.completeExceptionally(e);
      }
    } catch (Throwable e) {
      closed.completeExceptionally(e);
      throw e;
    }
  }

  /** One connection from its begin to its end, and the pause after a failure. */
  private void attempt() {
    try {
      converse();
    } catch (CanalException e) {
      if (!isOpen()) {
        return; // close() ended it
      }
      if (e.code() != ErrorCode.RETRY) {
        throw e;
      }
      connected = false;
      errorHandler.accept(this, e);
      pause(connectBackoff);
    }
  }

  private void converse() {
    SocketAddress server = settings.servers().get(nextServer);
    nextServer = (nextServer + 1) % settings.servers().size();
    Socket socket = new Socket();
    try (Connection connection =
        waitOn(socket, () -> Connection.open(settings, server, destination, socket))) {
      waitOn(socket, () -> subscribe(connection));
      connection.rollback(0);
      batches.reset();
      boolean asked = false; // for the batch after the one that was delivered
      while (asked || isOpen()) {
        boolean came = asked ? awaitEarlyBatch(connection, socket) : awaitBatch(connection, socket);
        asked = came && isOpen() && deliver(connection, socket);
      }
      connection.flush();
    }
  }

  private boolean awaitBatch(Connection connection, Socket socket) {
    // out of close()'s reach, for it carries the acknowledgement of the batch before
    connection.requestBatch(batchSize, WAIT_MS);
    waitOn(socket, () -> connection.awaitBatch(WAIT_MS));
    connectBackoff.reset();
    connected();
    return true;
  }

  private void connected() {
    connected = true;
    int failures = outage.over();
    if (failures > 0) {
      LOG.log(Level.INFO, () -> this + " goes on after " + failures + " failed attempts");
    }
  }

  /**
   * What the error handler does unless one is set: it spares the log an attempt every ten seconds.
   */
  void log(Exception failure) {
    if (connected) {
      LOG.log(Level.WARNING, () -> this + ": " + failure.getMessage(), failure);
    } else if (outage.failed()) {
      LOG.log(Level.WARNING, () -> this + ": " + failure.getMessage());
    }
  }

  /**
   * Also to be called while closing: it is after this answer that the server gets to the
   * acknowledgement which was sent behind the request.
   */
  private boolean awaitEarlyBatch(Connection connection, Socket socket) {
    settlingOn = socket;
    try {
      return connection.awaitEarlyBatch();
    } finally {
      settlingOn = null;
    }
  }

  /** Goes to the start once; from then on the server knows how far the listener got. */
  private void subscribe(Connection connection) {
    if (started || start.isEmpty()) {
      connection.subscribe(filter);
      return;
    }
    String place = connection.subscribe(filter, start.get());
    started = true;
    LOG.log(Level.INFO, () -> this + " starts at " + start.get() + ", which is " + place);
  }

  private void waitOn(Socket socket, Runnable request) {
    waitOn(
        socket,
        () -> {
          request.run();
          return true;
        });
  }

  /** Lets close() end the request. Its own look at the state comes after ours, or ours after. */
  private <T> T waitOn(Socket socket, Supplier<T> request) {
    waitingOn = socket;
    try {
      if (!isOpen()) {
        closeQuietly(socket);
      }
      return request.get();
    } finally {
      waitingOn = null;
    }
  }

  /**
   * Delivers the batch that came, if it is one. Before that it asks for the next, if this one is
   * full; what is there comes meanwhile, and waits in the socket until this one is acknowledged.
   *
   * @return whether the next was asked for
   */
  private boolean deliver(Connection connection, Socket socket) {
    byte[] array = connection.array();
    int offset = connection.offset();
    int length = connection.length();
    long batchId = batches.batchId(array, offset, length);
    if (batchId == Message.NO_BATCH) {
      return false;
    }
    // one that is not full was all there is: asking early would bring nothing
    boolean early = batches.isFull(array, offset, length, batchSize);
    if (early) {
      // does not wait, or the acknowledgement would wait behind it
      connection.requestBatch(batchSize, Connection.NO_WAIT);
    }
    try {
      batches.deliver(array, offset, length, listener);
      listener.onBatchEnd();
    } catch (Exception e) {
      connection.rollback(0); // of both: the server gets to it after the request
      batches.reset();
      errorHandler.accept(this, e);
      if (early) {
        awaitEarlyBatch(connection, socket); // comes again behind this one
      }
      pause(listenerBackoff);
      return false;
    }
    connection.acknowledge(batchId);
    if (early) {
      connection.flush();
    }
    listenerBackoff.reset();
    return early;
  }

  private boolean isOpen() {
    return closing.getCount() > 0;
  }

  private void pause(Backoff backoff) {
    try {
      closing.await(backoff.next(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      closing.countDown();
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // there is no more to give back
    }
  }
}
