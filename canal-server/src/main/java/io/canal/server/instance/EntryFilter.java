package io.canal.server.instance;

import static java.util.Objects.requireNonNull;

import io.canal.parser.entry.EntryEncoder;
import io.canal.parser.log.Frame;
import io.canal.parser.log.FrameFilter;
import io.canal.parser.log.FrameKind;
import io.canal.parser.schema.TableFilter;
import io.canal.parser.schema.TableSchema;
import io.canal.parser.schema.TableSchemas;
import java.util.Arrays;

/** What one filter lets through. It is asked once for each version of a table. Any thread. */
final class EntryFilter implements FrameFilter {
  private static final byte UNDECIDED = 0;
  private static final byte SHOWN = 1;
  private static final byte HIDDEN = 2;

  private final TableSchemas schemas;
  private final TableFilter filter;
  private final boolean showGtids;

  // any thread decides again what it does not see decided: the answer is the same
  private byte[] decisions = new byte[64];

  EntryFilter(TableSchemas schemas, TableFilter filter, boolean showGtids) {
    this.schemas = requireNonNull(schemas, "schemas is null");
    this.filter = requireNonNull(filter, "filter is null");
    this.showGtids = showGtids;
  }

  @Override
  public boolean shows(Frame frame) {
    return frame.kind() == FrameKind.ROWS
        ? showsTable(frame.tableVersion())
        : EntryEncoder.statement(frame).appliesTo(filter);
  }

  private boolean showsTable(int version) {
    byte[] known = decisions;
    if (version >= known.length) {
      known = Arrays.copyOf(known, Math.max(version + 1, known.length * 2));
      decisions = known;
    }
    byte decision = known[version];
    if (decision == UNDECIDED) {
      TableSchema table = schemas.get(version).schema();
      decision = filter.matches(table.database(), table.table()) ? SHOWN : HIDDEN;
      known[version] = decision;
    }
    return decision == SHOWN;
  }

  @Override
  public boolean showsExecuted() {
    return showGtids;
  }
}
