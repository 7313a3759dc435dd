package io.canal.client;

import io.canal.protocol.CanalEntry.EventType;
import java.util.ArrayList;
import java.util.List;

/**
 * One changed row, or one statement such as a DDL. A view of the received bytes: what is not asked
 * for is not parsed, and nothing is allocated per row.
 *
 * <p><b>Valid until the listener returns</b>, and on its thread only: the next change reuses this
 * object. {@link #copy} makes one to keep.
 *
 * <pre>{@code
 * change -> {
 *   switch (change.operation()) {
 *     case INSERT, UPDATE -> put(change.after().getLong("id"), change.after().getString("name"));
 *     case DELETE -> remove(change.before().getLong("id"));
 *     case DDL -> log(change.schema() + ": " + change.sql());
 *   }
 * }
 * }</pre>
 */
public final class Change extends SourceEvent {
  private final RowReader row;

  private int eventType;
  private boolean hasRow;
  private byte[] array = {};
  private int rowOffset;
  private int rowLength;
  private int sqlOffset;
  private int sqlLength;
  private int ddlSchemaOffset;
  private int ddlSchemaLength;
  private List<String> keys = List.of();

  Change(EntryCursor entry) {
    super(entry);
    row = new RowReader(entry);
  }

  /** Starts a {@code RowChange}: everything of it but a row. */
  void wrapEvent() {
    array = entry().array();
    eventType = 0;
    sqlLength = 0;
    ddlSchemaLength = 0;
    hasRow = false;
    wrapImages(0, 0);
  }

  boolean hasEventType() {
    return eventType != 0;
  }

  void eventType(int newEventType) {
    eventType = newEventType;
  }

  void wrapSql(int offset, int length) {
    sqlOffset = offset;
    sqlLength = length;
  }

  void wrapDdlSchema(int offset, int length) {
    ddlSchemaOffset = offset;
    ddlSchemaLength = length;
  }

  void wrapRow(int offset, int length) {
    hasRow = true;
    wrapImages(offset, length);
  }

  private void wrapImages(int offset, int length) {
    rowOffset = offset;
    rowLength = length;
    row.wrap(array, offset, length);
  }

  public Operation operation() {
    if (!hasRow) {
      return Operation.DDL;
    }
    return switch (eventType) {
      case EventType.INSERT_VALUE -> Operation.INSERT;
      case EventType.DELETE_VALUE -> Operation.DELETE;
      default -> Operation.UPDATE;
    };
  }

  /** The exact kind on the wire, which tells {@code CREATE} from {@code ALTER}. */
  public EventType eventType() {
    EventType type = EventType.forNumber(eventType);
    return type == null ? EventType.UNRECOGNIZED : type;
  }

  public String schema() {
    return entry().schema();
  }

  public String table() {
    return entry().table();
  }

  /** The row before an UPDATE or DELETE; else without columns. */
  public RowImage before() {
    return row.before();
  }

  /** The row after an INSERT or UPDATE; else without columns. */
  public RowImage after() {
    return row.after();
  }

  /**
   * Names of the primary key's columns in the row, empty for a table without one and for a
   * statement. The same list is returned while tables have the same key.
   */
  public List<String> keys() {
    RowImage image = after().isEmpty() ? before() : after();
    int found = 0;
    boolean same = true;
    for (int i = 0; i < image.size(); i++) {
      if (image.column(i).isKey()) {
        same = same && found < keys.size() && keys.get(found).equals(image.column(i).name());
        found++;
      }
    }
    if (!same || found != keys.size()) {
      List<String> names = new ArrayList<>(found);
      for (int i = 0; i < image.size(); i++) {
        if (image.column(i).isKey()) {
          names.add(image.column(i).name());
        }
      }
      keys = List.copyOf(names);
    }
    return keys;
  }

  /** Text of a statement; empty for a row. */
  public String sql() {
    return WireReader.text(array, sqlOffset, sqlLength);
  }

  /** The default schema of a statement's session; empty for a row. */
  public String ddlSchema() {
    return WireReader.text(array, ddlSchemaOffset, ddlSchemaLength);
  }

  /** {@code server_id} of the server it was first executed on. */
  public long serverId() {
    return entry().serverId();
  }

  /**
   * Tells the transactions of one source apart: the GTID, or else {@code file:offset} of the BEGIN.
   * Empty where neither is known, which is after a restart within a transaction without GTIDs.
   */
  public String transactionId() {
    return entry().transactionId();
  }

  /** A change that stays valid, with a copy of this row; for use by one thread at a time. */
  public Change copy() {
    Change copy = new Change(entry().copyHeader());
    copy.eventType = eventType;
    copy.keys = keys;
    copy.array = new byte[rowLength + sqlLength + ddlSchemaLength];
    System.arraycopy(array, rowOffset, copy.array, 0, rowLength);
    System.arraycopy(array, sqlOffset, copy.array, rowLength, sqlLength);
    System.arraycopy(array, ddlSchemaOffset, copy.array, rowLength + sqlLength, ddlSchemaLength);
    copy.wrapSql(rowLength, sqlLength);
    copy.wrapDdlSchema(rowLength + sqlLength, ddlSchemaLength);
    copy.hasRow = hasRow;
    copy.wrapImages(0, rowLength);
    return copy;
  }

  /** Operation, table and place; no row data. */
  @Override
  public String toString() {
    return operation() + " " + entry().describe();
  }
}
