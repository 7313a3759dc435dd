package io.canal.client;

import io.canal.protocol.CanalException;
import java.util.concurrent.TimeUnit;

/**
 * Pulls batches of one destination and acknowledges them: the API of Alibaba Canal's Java client.
 * To be used by one thread; only {@link #disconnect} may come from another one, and ends what the
 * first waits for. {@link CanalClient#subscribe} does all this for a listener.
 *
 * <pre>{@code
 * CanalConnector connector =
 *     CanalConnectors.newSingleConnector(
 *         new InetSocketAddress("127.0.0.1", 11111), "example", "canal", password);
 * connector.connect();
 * connector.subscribe("shop\\..*");
 * while (running) {
 *   Message message = connector.getWithoutAck(1024, 1L, TimeUnit.SECONDS);
 *   if (message.getId() == Message.NO_BATCH) {
 *     continue;
 *   }
 *   try {
 *     message.getEntries().forEach(this::apply);
 *     connector.ack(message.getId());
 *   } catch (ApplyException e) {
 *     connector.rollback(message.getId()); // it comes again
 *   }
 * }
 * connector.disconnect();
 * }</pre>
 *
 * <p>Every method that talks to the server throws a {@link CanalException} that names the server.
 * After one the connector is disconnected. With code {@code RETRY} another {@link #connect} may
 * help; {@code BAD_REQUEST} says that it will not: a wrong password, a filter that is no regular
 * expression, a bad batch id, or a newer session of the same client id that took over (error 409).
 */
public interface CanalConnector {
  /**
   * Connects, authenticates, subscribes again if there was a subscription, and takes back the
   * batches that were not acknowledged. Does nothing if connected.
   */
  void connect();

  /** Ends the connection; the subscription and its position stay at the server. Idempotent. */
  void disconnect();

  /** Whether the connection is open, as far as this side knows. */
  boolean checkValid();

  /** Subscribes with the filter that the server has. */
  void subscribe();

  /**
   * Subscribes, at the position acknowledged last.
   *
   * @param filter comma-separated regular expressions for {@code schema.table}; replaces the
   *     subscription's earlier one, unless empty
   */
  void subscribe(String filter);

  /** Deletes the subscription at the server, with its filter and position. */
  void unsubscribe();

  /** {@link #getWithoutAck(int)}, then {@link #ack}: what is returned does not come again. */
  Message get(int batchSize);

  /** {@link #getWithoutAck(int, Long, TimeUnit)}, then {@link #ack}. */
  Message get(int batchSize, Long timeout, TimeUnit unit);

  /** What is there now, perhaps nothing: {@link Message#NO_BATCH}. */
  Message getWithoutAck(int batchSize);

  /**
   * Waits for changes.
   *
   * @param batchSize most to return, in KiB of binary log or in entries, as the server is set; at
   *     least one entry comes
   * @param timeout how long to wait; null or below 0 not at all, 0 as long as it takes
   * @return {@link Message#NO_BATCH} if nothing came in time
   */
  Message getWithoutAck(int batchSize, Long timeout, TimeUnit unit);

  /** Confirms a batch; batches are confirmed in order. */
  void ack(long batchId);

  /** Takes back one batch: it comes again. */
  void rollback(long batchId);

  /** Takes back all batches that are not acknowledged. */
  void rollback();
}
