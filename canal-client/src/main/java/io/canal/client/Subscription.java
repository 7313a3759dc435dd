package io.canal.client;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketAddress;
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
  private static final long WAIT_MS = 10_000;
  private static final long CLOSE_MS = 5_000;

  private final ClientSettings settings;
  private final String destination;
  private final String filter;
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
  private int nextServer;

  // what close() may end: set while the thread waits for the server, not while it delivers
  private volatile Socket waitingOn;

  Subscription(
      ClientSettings settings,
      String destination,
      String filter,
      int batchSize,
      ChangeListener listener,
      BiConsumer<Subscription, Exception> errorHandler) {
    this.settings = settings;
    this.destination = destination;
    this.filter = filter;
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
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      thread.interrupt();
      Thread.currentThread().interrupt();
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
      waitOn(socket, () -> connection.subscribe(filter));
      connection.rollback(0);
      batches.reset();
      while (isOpen()) {
        // out of close()'s reach, for it carries the acknowledgement of the batch before
        connection.requestBatch(batchSize, WAIT_MS);
        waitOn(socket, () -> connection.awaitBatch(WAIT_MS));
        connectBackoff.reset();
        if (isOpen()) {
          deliver(connection);
        }
      }
      connection.flush();
    }
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

  private void deliver(Connection connection) {
    byte[] array = connection.array();
    int offset = connection.offset();
    int length = connection.length();
    long batchId = batches.batchId(array, offset, length);
    if (batchId == Message.NO_BATCH) {
      return;
    }
    try {
      batches.deliver(array, offset, length, listener);
      listener.onBatchEnd();
    } catch (Exception e) {
      connection.rollback(0);
      batches.reset();
      errorHandler.accept(this, e);
      pause(listenerBackoff);
      return;
    }
    connection.acknowledge(batchId);
    listenerBackoff.reset();
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
