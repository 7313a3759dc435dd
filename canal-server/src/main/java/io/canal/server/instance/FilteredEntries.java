package io.canal.server.instance;

import static java.util.Objects.requireNonNull;

import io.canal.parser.entry.EntryEncoder;
import io.canal.parser.log.Frame;
import io.canal.parser.log.FrameKind;
import io.canal.parser.log.Transaction;
import io.canal.parser.schema.TableFilter;
import io.canal.parser.schema.TableSchema;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.GtidSet;
import io.canal.protocol.WriteBuffer;
import io.canal.server.subscription.EntryWriter;
import java.util.Arrays;
import java.util.Optional;

/**
 * The entries of the tables that one filter lets through. The filter is asked once for each version
 * of a table. Belongs to one subscription; used by one thread at a time.
 */
final class FilteredEntries implements EntryWriter {
  private static final byte UNDECIDED = 0;
  private static final byte SHOWN = 1;
  private static final byte HIDDEN = 2;

  private final TableSchemas schemas;
  private final TableFilter filter;
  private final EntryEncoder encoder;
  private final boolean showGtids;

  // owned by the subscription's thread
  private byte[] decisions = new byte[64];
  private String executedText = "";
  private String executedFor = "";

  FilteredEntries(
      TableSchemas schemas, TableFilter filter, EntryEncoder encoder, boolean showGtids) {
    this.schemas = requireNonNull(schemas, "schemas is null");
    this.filter = requireNonNull(filter, "filter is null");
    this.encoder = requireNonNull(encoder, "encoder is null");
    this.showGtids = showGtids;
  }

  @Override
  public boolean shows(Frame frame) {
    return frame.kind() == FrameKind.ROWS ? showsTable(frame.tableVersion()) : showsQuery(frame);
  }

  private boolean showsTable(int version) {
    if (version >= decisions.length) {
      decisions = Arrays.copyOf(decisions, Math.max(version + 1, decisions.length * 2));
    }
    if (decisions[version] == UNDECIDED) {
      TableSchema table = schemas.get(version).schema();
      decisions[version] = filter.matches(table.database(), table.table()) ? SHOWN : HIDDEN;
    }
    return decisions[version] == SHOWN;
  }

  private boolean showsQuery(Frame frame) {
    return EntryEncoder.statement(frame).appliesTo(filter);
  }

  @Override
  public void writeBegin(Transaction transaction, Optional<GtidSet> executed, WriteBuffer out) {
    encoder.encodeBegin(transaction, executedText(transaction, executed), out);
  }

  @Override
  public int write(
      Frame frame, Transaction transaction, Optional<GtidSet> executed, WriteBuffer out) {
    return encoder.encode(frame, transaction, executedText(transaction, executed), out);
  }

  /** The executed set with this transaction, made once for all its entries. */
  private String executedText(Transaction transaction, Optional<GtidSet> executed) {
    if (!showGtids || !transaction.hasGtid()) {
      return "";
    }
    String id = transaction.id();
    if (!id.equals(executedFor)) {
      GtidSet with = executed.map(GtidSet::copy).orElseGet(GtidSet::new);
      transaction.gtid().ifPresent(with::add);
      executedText = with.toString();
      executedFor = id;
    }
    return executedText;
  }
}
