package io.canal.parser.schema;

import static java.util.Objects.checkFromIndexSize;
import static java.util.Objects.requireNonNull;

import io.canal.parser.charset.MysqlCharsets;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables of one stream of a source's changes. The thread that receives it resolves each
 * TABLE_MAP to a version; any thread gets a version by its id, which rises from 1 and is never
 * given twice. Streams of one source share their versions: {@link #forStream}.
 *
 * <p>Versions go by content: TABLE_MAP events that differ in nothing but the table id are one
 * version, found by a comparison with the one before or one look into a hash table, without
 * decoding and without garbage.
 *
 * <p>Names and meaning of the columns come from the event where it has full metadata, so that
 * nothing can drift; information_schema then only adds how a number is displayed. Else they come
 * from information_schema as it is now, if count and types of the columns agree with the event: a
 * table whose shape does not match its rows is never guessed. Of a table that the destination's
 * filter drops only the shape is known, so that it cannot stop the destination.
 */
public final class TableSchemas {
  private static final Logger LOGGER = LoggerFactory.getLogger(TableSchemas.class);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
  private static final String ADVICE =
      "; set binlog_row_metadata=FULL at the source, so that changes made from then on carry the"
          + " names of their columns";

  /** A content that was met, and what it meant when it was last resolved. */
  private static final class Known {
    final long hash;
    final byte[] content;
    ResolvedTable table;
    long epoch;

    Known(long hash, byte[] content) {
      this.hash = hash;
      this.content = content;
    }

    boolean isOf(byte[] array, int from, int to) {
      return Arrays.equals(content, 0, content.length, array, from, to);
    }
  }

  private final TableReader reader;
  private final TableFilter wanted;

  private final TableVersions versions;

  // owned by the receiver thread
  private Known[] known = new Known[64];
  private int knownCount;
  private Known last;
  private long epoch;
  private boolean mariadb;

  public TableSchemas(TableReader reader) {
    this(reader, TableFilter.ALL);
  }

  /**
   * @param wanted the destination's filter, asked once per content of a TABLE_MAP
   */
  public TableSchemas(TableReader reader, TableFilter wanted) {
    this(reader, wanted, new TableVersions());
  }

  private TableSchemas(TableReader reader, TableFilter wanted, TableVersions versions) {
    this.reader = requireNonNull(reader, "reader is null");
    this.wanted = requireNonNull(wanted, "wanted is null");
    this.versions = versions;
  }

  /** For another stream of the same source, received by another thread: the same versions. */
  public TableSchemas forStream(TableReader streamReader) {
    return new TableSchemas(streamReader, wanted, versions);
  }

  /**
   * The version of a raw TABLE_MAP event: its 19-byte header and its body without the checksum. May
   * ask the source, and wait for it, where the table was not met since {@link #invalidate}. Called
   * by the receiver thread.
   *
   * @throws CanalException where the event is broken, or the table not what its rows need
   */
  public ResolvedTable resolve(byte[] array, int offset, int length) {
    requireNonNull(array, "array is null");
    checkFromIndexSize(offset, length, array.length);
    int from = Math.min(offset + TableMapDecoder.CONTENT_OFFSET, offset + length);
    int to = offset + length;
    if (last != null && last.epoch == epoch && last.isOf(array, from, to)) {
      return last.table;
    }
    long hash = hash(array, from, to);
    Known found = find(array, from, to, hash);
    if (found != null && (found.epoch == epoch || !found.table.wanted())) {
      last = found;
      return found.table;
    }
    TableMap map = TableMapDecoder.decode(array, offset, length, mariadb);
    byte[] content = found == null ? Arrays.copyOfRange(array, from, to) : found.content;
    ResolvedTable table = build(content, map);
    if (found == null) {
      found = add(new Known(hash, content));
    }
    found.table = table;
    found.epoch = epoch;
    last = found;
    return table;
  }

  /**
   * Says who wrote the events from here on; MySQL until then. Called by the receiver thread at each
   * FORMAT_DESCRIPTION.
   */
  public void writtenByMariadb(boolean isMariadb) {
    if (mariadb != isMariadb) {
      mariadb = isMariadb;
      invalidate();
    }
  }

  /** Forgets what information_schema said, after a DDL or a change of source: receiver thread. */
  public void invalidate() {
    epoch++;
  }

  /** The version with that id, once {@link #resolve} has returned it. Any thread. */
  public ResolvedTable get(int version) {
    return versions.get(version);
  }

  private static long hash(byte[] array, int from, int to) {
    long hash = (long) to - from;
    int at = from;
    for (; at + Long.BYTES <= to; at += Long.BYTES) {
      hash = (hash ^ (long) LONG.get(array, at)) * GOLDEN_RATIO;
      hash ^= hash >>> 32;
    }
    for (; at < to; at++) {
      hash = (hash ^ array[at]) * GOLDEN_RATIO;
    }
    return hash ^ hash >>> 32;
  }

  private Known find(byte[] array, int from, int to, long hash) {
    int mask = known.length - 1;
    for (int slot = (int) hash & mask; known[slot] != null; slot = slot + 1 & mask) {
      Known candidate = known[slot];
      if (candidate.hash == hash && candidate.isOf(array, from, to)) {
        return candidate;
      }
    }
    return null;
  }

  private Known add(Known added) {
    if (knownCount * 2 >= known.length) {
      Known[] old = known;
      known = new Known[old.length * 2];
      for (Known moved : old) {
        if (moved != null) {
          put(moved);
        }
      }
    }
    put(added);
    knownCount++;
    return added;
  }

  private void put(Known moved) {
    int mask = known.length - 1;
    int slot = (int) moved.hash & mask;
    while (known[slot] != null) {
      slot = slot + 1 & mask;
    }
    known[slot] = moved;
  }

  private ResolvedTable build(byte[] content, TableMap map) {
    if (!wanted.matches(map.database(), map.table())) {
      return versions.of(content, mariadb, map, List.of(), false);
    }
    List<Column> columns;
    try {
      Optional<TableMetadata> full = map.full();
      columns = full.isPresent() ? ofMetadata(map, full.get()) : ofDefinitions(map);
    } catch (CanalException e) {
      throw new CanalException(e.code(), "table " + map.qualifiedName() + ": " + e.getMessage(), e);
    }
    return versions.of(content, mariadb, map, columns, true);
  }

  private List<Column> ofMetadata(TableMap map, TableMetadata metadata) {
    List<ColumnDefinition> definitions = definitionsIfAny(map);
    List<Column> columns = new ArrayList<>(map.columnCount());
    for (int i = 0; i < map.columnCount(); i++) {
      ColumnMetadata column = metadata.columns().get(i);
      String shape = TypeText.of(map.types()[i], map.metadata()[i], column);
      String text = shape;
      if (i < definitions.size()) {
        ColumnDefinition definition = definitions.get(i);
        if (definition.name().equals(column.name())
            && TypeText.agree(definition.columnType(), shape)) {
          text = definition.columnType();
        }
      }
      columns.add(column(map, i, column, text));
    }
    return columns;
  }

  private List<ColumnDefinition> definitionsIfAny(TableMap map) {
    try {
      return reader.read(map.database(), map.table()).orElse(List.of());
    } catch (CanalException e) {
      LOGGER.warn(
          "{}: display widths are not known, types are shown without: {}",
          map.qualifiedName(),
          e.getMessage());
      return List.of();
    }
  }

  private List<Column> ofDefinitions(TableMap map) {
    List<ColumnDefinition> definitions =
        reader
            .read(map.database(), map.table())
            .orElseThrow(
                () ->
                    new CanalException(
                        ErrorCode.STOP_INSTANCE,
                        "its rows come without names, expected it in information_schema, found"
                            + " none: it was dropped or renamed since, or the user has no SELECT"
                            + " on it"
                            + ADVICE));
    if (definitions.size() != map.columnCount()) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "its rows have "
              + map.columnCount()
              + " columns, information_schema has "
              + definitions.size()
              + " now: it was altered since"
              + ADVICE);
    }
    List<Column> columns = new ArrayList<>(map.columnCount());
    for (int i = 0; i < map.columnCount(); i++) {
      columns.add(ofDefinition(map, i, definitions.get(i)));
    }
    return columns;
  }

  private static Column ofDefinition(TableMap map, int index, ColumnDefinition definition) {
    String printed = definition.columnType();
    ColumnMetadata said =
        map.optional().map(all -> all.columns().get(index)).orElse(ColumnMetadata.NONE);
    boolean signedness = map.optional().map(TableMetadata::signedness).orElse(false);
    ColumnMetadata column =
        new ColumnMetadata(
            definition.name(),
            signedness ? said.unsigned() : TypeText.isUnsigned(printed),
            said.collation() >= 0 ? said.collation() : collation(definition),
            TypeText.members(printed),
            said.geometryType() >= 0 ? said.geometryType() : TypeText.geometryType(printed),
            said.vectorDimensions() >= 0
                ? said.vectorDimensions()
                : TypeText.vectorDimensions(printed),
            definition.key(),
            said.visible());
    String shape = TypeText.of(map.types()[index], map.metadata()[index], column);
    if (!TypeText.agree(printed, shape)) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "its rows have "
              + shape
              + " as column "
              + (index + 1)
              + ", information_schema has "
              + definition.name()
              + " "
              + printed
              + " now: it was altered since"
              + ADVICE);
    }
    return column(map, index, column, printed);
  }

  private static int collation(ColumnDefinition definition) {
    return definition
        .charset()
        .map(
            name ->
                MysqlCharsets.byName(name)
                    .orElseThrow(
                        () ->
                            new CanalException(
                                ErrorCode.STOP_INSTANCE,
                                "column "
                                    + definition.name()
                                    + ": expected a character set that is known, found "
                                    + name))
                    .defaultCollation())
        .orElse(Column.BINARY_COLLATION);
  }

  private static Column column(TableMap map, int index, ColumnMetadata column, String mysqlType) {
    return new Column(
        index,
        column.name(),
        map.types()[index],
        map.metadata()[index],
        column.unsigned(),
        column.collation() >= 0 ? column.collation() : Column.BINARY_COLLATION,
        column.key(),
        mysqlType,
        column.members());
  }
}
