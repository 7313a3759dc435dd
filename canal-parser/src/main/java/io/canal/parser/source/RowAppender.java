package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.EventHeader;
import io.canal.parser.binlog.EventStream;
import io.canal.parser.binlog.EventType;
import io.canal.parser.binlog.MariadbZlib;
import io.canal.parser.log.ChangeLogWriter;
import io.canal.parser.row.RowLayout;
import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.ResolvedTable;
import io.canal.parser.schema.TableMap;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;
import java.util.Arrays;

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
  // by version: layouts of the tables whose rows are only counted
  private RowLayout[] unwanted = new RowLayout[64];
  private final MariadbZlib zlib = new MariadbZlib("rows");

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
    int length = EventType.isCompressedRows(event.type()) ? inflate(event) : copy(event);
    byte[] array = writer.array();
    int offset = writer.bodyOffset();
    ResolvedTable table = table(RowsEvent.tableId(array, offset));
    if (!table.wanted()) {
      writer.skipRows(rowsEvent.countRows(array, offset, length, layout(table)));
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

  private RowLayout layout(ResolvedTable table) {
    int version = table.version();
    if (version >= unwanted.length) {
      unwanted = Arrays.copyOf(unwanted, Math.max(version + 1, unwanted.length * 2));
    }
    if (unwanted[version] == null) {
      unwanted[version] = RowLayout.of(table.map());
    }
    return unwanted[version];
  }

  private int copy(EventStream event) throws IOException, InterruptedException {
    int length = Math.toIntExact(EventHeader.LENGTH + event.bodyLength());
    claim(length);
    return event.read(writer.array(), writer.bodyOffset());
  }

  /** Makes MariaDB's compressed rows event one that is not. */
  private int inflate(EventStream event) throws IOException, InterruptedException {
    int compressedLength = event.load();
    byte[] array = event.array();
    int from = event.offset();
    int to = from + compressedLength;
    TableMap map = table(RowsEvent.tableId(array, from)).map();
    int images = rowsEvent.imagesOffset(array, from, compressedLength, map);
    int length = Math.addExact(images - from, zlib.inflatedLength(array, images, to));
    claim(length);
    int target = writer.bodyOffset();
    System.arraycopy(array, from, writer.array(), target, images - from);
    EventHeader.type(writer.array(), target, EventType.withoutCompression(event.type()));
    zlib.inflate(array, images, to, writer.array(), target + images - from);
    return length;
  }

  private void claim(int length) throws InterruptedException {
    if (!writer.hasRoom(length)) {
      resent.settle();
    }
    writer.claim(length);
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
