package io.canal.server;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.InvalidProtocolBufferException;
import io.canal.client.CanalConnector;
import io.canal.client.Message;
import io.canal.protocol.CanalEntry.Column;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalEntry.EntryType;
import io.canal.protocol.CanalEntry.EventType;
import io.canal.protocol.CanalEntry.RowChange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A client of one destination that takes the entries apart into rows and acknowledges them. For one
 * thread.
 */
final class RowReceiver implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int BATCH_KIB = 1024;

  private final CanalHome home;
  private final String destination;
  private final CanalConnector connector;

  /** One row of an entry; an image that the event lacks is empty. */
  record Row(Entry entry, EventType type, Map<String, Column> before, Map<String, Column> after) {
    String table() {
      return entry.getHeader().getTableName();
    }

    /** The value of a column of the after image. */
    String get(String column) {
      return requireNonNull(after.get(column), () -> "no column " + column).getValue();
    }
  }

  private RowReceiver(CanalHome home, String destination, CanalConnector connector) {
    this.home = home;
    this.destination = destination;
    this.connector = connector;
  }

  /** Connects and subscribes; from then on the changes of the tables are kept for it. */
  static RowReceiver open(CanalHome home, String destination, int clientId, String filter) {
    home.awaitServing(destination);
    CanalConnector connector = home.connector(destination, clientId);
    connector.connect();
    connector.subscribe(filter);
    return new RowReceiver(home, destination, connector);
  }

  CanalConnector connector() {
    return connector;
  }

  /** Returns the next batches until they hold as many rows; the last one may hold more. */
  List<Row> rows(int count) {
    List<Row> rows = new ArrayList<>();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (rows.size() < count) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "%d of %d rows after %ds; %s"
                .formatted(rows.size(), count, PATIENCE.toSeconds(), situation()));
      }
      entries(Duration.ofSeconds(1)).forEach(entry -> rows.addAll(rows(entry)));
    }
    return rows;
  }

  /** The next batch, acknowledged; empty if nothing comes in time. */
  List<Entry> entries(Duration wait) {
    Message message = connector.getWithoutAck(BATCH_KIB, wait.toMillis(), TimeUnit.MILLISECONDS);
    List<Entry> entries = List.copyOf(message.getEntries());
    if (message.getId() != Message.NO_BATCH) {
      connector.ack(message.getId());
    }
    return entries;
  }

  /** The rows of an entry; none if it is no row data. */
  static List<Row> rows(Entry entry) {
    if (entry.getEntryType() != EntryType.ROWDATA) {
      return List.of();
    }
    try {
      RowChange change = RowChange.parseFrom(entry.getStoreValue());
      return change.getRowDatasList().stream()
          .map(
              row ->
                  new Row(
                      entry,
                      change.getEventType(),
                      byName(row.getBeforeColumnsList()),
                      byName(row.getAfterColumnsList())))
          .toList();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("an entry's row change is malformed", e);
    }
  }

  private static Map<String, Column> byName(List<Column> columns) {
    Map<String, Column> named = new LinkedHashMap<>();
    for (Column column : columns) {
      if (named.put(column.getName(), column) != null) {
        throw new AssertionError("column " + column.getName() + " comes twice");
      }
    }
    return named;
  }

  private String situation() {
    try {
      return home.status(destination).toPrettyString();
    } catch (Exception e) {
      return "no status: " + e;
    }
  }

  @Override
  public void close() {
    connector.disconnect();
  }
}
