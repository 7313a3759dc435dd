package io.canal.client;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * {@link CanalConnector} over one connection at a time, to the first server that accepts it. After
 * a failure the next {@link #connect} begins with the server after the one that failed.
 */
final class SocketConnector implements CanalConnector {
  // an endless wait is cut into these, so that a dead server is noticed
  private static final long WAIT_SLICE_MS = 30_000;

  private final ClientSettings settings;
  private final String destination;

  // owned by the caller's thread; volatile for disconnect from another
  private volatile Connection connection;
  private String filter;
  private int firstServer;

  SocketConnector(ClientSettings settings, String destination) {
    this.settings = requireNonNull(settings, "settings is null");
    this.destination = requireNonNull(destination, "destination is null");
  }

  @Override
  public void connect() {
    if (connection != null) {
      return;
    }
    CanalException failure = null;
    int count = settings.servers().size();
    for (int i = 0; i < count; i++) {
      int server = (firstServer + i) % count;
      try {
        connect(server);
        firstServer = (server + 1) % count;
        return;
      } catch (CanalException e) {
        disconnect();
        if (e.code() != ErrorCode.RETRY) {
          throw e;
        }
        if (failure != null) {
          e.addSuppressed(failure);
        }
        failure = e;
      }
    }
    throw failure;
  }

  private void connect(int server) {
    connection =
        Connection.open(settings, settings.servers().get(server), destination, new Socket());
    if (filter != null) {
      connection.subscribe(filter);
    }
    connection.rollback(0);
  }

  @Override
  public void disconnect() {
    Connection open = connection;
    connection = null;
    if (open != null) {
      open.close();
    }
  }

  @Override
  public boolean checkValid() {
    return connection != null;
  }

  @Override
  public void subscribe() {
    subscribe("");
  }

  @Override
  public void subscribe(String newFilter) {
    String wanted = newFilter == null ? "" : newFilter;
    call(open -> open.subscribe(wanted));
    filter = wanted;
  }

  @Override
  public void unsubscribe() {
    call(Connection::unsubscribe);
    filter = null;
  }

  @Override
  public Message get(int batchSize) {
    return get(batchSize, null, null);
  }

  @Override
  public Message get(int batchSize, Long timeout, TimeUnit unit) {
    Message message = getWithoutAck(batchSize, timeout, unit);
    if (message.getId() != Message.NO_BATCH) {
      ack(message.getId());
    }
    return message;
  }

  @Override
  public Message getWithoutAck(int batchSize) {
    return getWithoutAck(batchSize, null, null);
  }

  @Override
  public Message getWithoutAck(int batchSize, Long timeout, TimeUnit unit) {
    if (timeout == null || timeout < 0) {
      return fetch(batchSize, Connection.NO_WAIT);
    }
    if (timeout > 0) {
      requireNonNull(unit, "unit is null");
      return fetch(batchSize, Math.max(1, unit.toMillis(timeout)));
    }
    Message message = fetch(batchSize, WAIT_SLICE_MS);
    while (message.getId() == Message.NO_BATCH) {
      message = fetch(batchSize, WAIT_SLICE_MS);
    }
    return message;
  }

  @Override
  public void ack(long batchId) {
    call(
        open -> {
          open.acknowledge(batchId);
          open.flush();
        });
  }

  @Override
  public void rollback(long batchId) {
    call(open -> open.rollback(batchId));
  }

  @Override
  public void rollback() {
    rollback(0);
  }

  private Message fetch(int batchSize, long waitMs) {
    byte[][] messages = new byte[1][];
    call(
        open -> {
          open.requestBatch(batchSize, waitMs);
          open.awaitBatch(waitMs);
          messages[0] =
              Arrays.copyOfRange(open.array(), open.offset(), open.offset() + open.length());
        });
    return new Message(messages[0]);
  }

  private void call(Request request) {
    Connection open = connection;
    if (open == null) {
      throw new CanalException(
          ErrorCode.RETRY, "not connected to " + settings + ": call connect first");
    }
    try {
      request.send(open);
    } catch (CanalException e) {
      disconnect();
      throw e;
    }
  }

  private interface Request {
    void send(Connection open);
  }
}
