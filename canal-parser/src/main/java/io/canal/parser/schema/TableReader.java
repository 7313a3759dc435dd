package io.canal.parser.schema;

import io.canal.protocol.CanalException;
import java.util.List;
import java.util.Optional;

/** Reads how a table is defined at present. Called by the receiver thread, which waits for it. */
public interface TableReader {
  /**
   * All columns in the table's order; empty where the table does not exist, or may not be seen.
   *
   * @throws CanalException where the source cannot be asked
   */
  Optional<List<ColumnDefinition>> read(String database, String table);
}
