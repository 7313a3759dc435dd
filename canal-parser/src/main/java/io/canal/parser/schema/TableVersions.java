package io.canal.parser.schema;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The versions of all tables that the streams of one source have met, by a number that rises from 1
 * and is never given twice. A table that another stream met with the same content and columns is
 * the same version, so that reading a stretch of the binary log again adds none. Any thread.
 */
final class TableVersions {
  /** What makes a version: the TABLE_MAP but for its table id, and what the columns mean. */
  private record Key(ByteBuffer content, boolean mariadb, boolean wanted, List<Column> columns) {}

  // guarded by this
  private final Map<Key, ResolvedTable> byKey = new HashMap<>();
  private int last;

  // written under the lock, read by all: an element is set before the array is published
  private volatile ResolvedTable[] byNumber = new ResolvedTable[64];

  /** The version with that number. */
  ResolvedTable get(int version) {
    ResolvedTable[] all = byNumber;
    if (version < 1 || version >= all.length || all[version] == null) {
      throw new IllegalArgumentException("table version " + version + " was never resolved");
    }
    return all[version];
  }

  /**
   * The version of that content and those columns, made where there is none.
   *
   * @param content of the TABLE_MAP behind the table id; never written again
   * @param mariadb who wrote it
   */
  synchronized ResolvedTable of(
      byte[] content, boolean mariadb, TableMap map, List<Column> columns, boolean wanted) {
    return byKey.computeIfAbsent(
        new Key(ByteBuffer.wrap(content), mariadb, wanted, columns), key -> add(map, key));
  }

  private ResolvedTable add(TableMap map, Key key) {
    int version = last + 1;
    TableSchema schema = new TableSchema(version, map.database(), map.table(), key.columns());
    ResolvedTable table = new ResolvedTable(schema, map, key.wanted());
    ResolvedTable[] all = byNumber;
    if (version == all.length) {
      all = Arrays.copyOf(all, all.length * 2);
    }
    all[version] = table;
    byNumber = all;
    last = version;
    return table;
  }
}
