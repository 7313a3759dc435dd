package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.EventHeader;
import io.canal.parser.binlog.EventStream;
import io.canal.parser.log.ChangeLogWriter;
import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.ResolvedTable;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;

/**
 * Brings the rows of the open transaction to their place in the log, each event with the version of
 * its table; what the destination's filter drops leaves its number of rows behind. Owned by the
 * receiver thread.
 */
final class RowAppender {
  private final ChangeLogWriter writer;
  private final TableSchemas schemas;
  private final DumpPlace place;
  private final ResentTransaction resent;

  private final StatementTables tables = new StatementTables();
  private final RowsEvent rowsEvent = new RowsEvent();

  RowAppender(
      ChangeLogWriter writer, TableSchemas schemas, DumpPlace place, ResentTransaction resent) {
    this.writer = requireNonNull(writer, "writer is null");
    this.schemas = requireNonNull(schemas, "schemas is null");
    this.place = requireNonNull(place, "place is null");
    this.resent = requireNonNull(resent, "resent is null");
  }

  /** Takes a TABLE_MAP event that is loaded. */
  void tableMap(EventStream event, int length) {
    ResolvedTable table = schemas.resolve(event.array(), event.offset(), length);
    tables.put(RowsEvent.tableId(event.array(), event.offset()), table);
  }

  /** A table id may be another table's from here on. */
  void forgetTables() {
    tables.clear();
  }

  /** Takes a rows event. */
  void rows(EventStream event) throws IOException, InterruptedException {
    int length = Math.toIntExact(EventHeader.LENGTH + event.bodyLength());
    if (!writer.hasRoom(length)) {
      resent.settle();
    }
    writer.claim(length);
    byte[] array = writer.array();
    int offset = writer.bodyOffset();
    event.read(array, offset);
    ResolvedTable table = table(RowsEvent.tableId(array, offset));
    if (!table.wanted()) {
      writer.skipRows(rowsEvent.countRows(array, offset, length, table.map()));
      return;
    }
    int images = rowsEvent.imagesOffset(array, offset, length, table.map());
    int imagesLength = offset + length - images;
    if (resent.isResending()) {
      int known = resent.received(array, images, imagesLength);
      writer.forgetSkippedRows();
      if (known == imagesLength) {
        return;
      }
      imagesLength -= known;
      length -= known;
      System.arraycopy(array, images + known, array, images, imagesLength);
    }
    resent.written(array, images, imagesLength);
    writer.rows(place.file(), table.version(), place.eventOffset(), length);
  }

  private ResolvedTable table(long tableId) {
    ResolvedTable table = tables.get(tableId);
    if (table == null) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "rows of table id " + tableId + ", expected a TABLE_MAP for it earlier in the statement");
    }
    return table;
  }
}
