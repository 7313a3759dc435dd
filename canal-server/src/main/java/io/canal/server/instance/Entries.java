package io.canal.server.instance;

import static java.util.Objects.requireNonNull;

import io.canal.parser.entry.EntryEncoder;
import io.canal.parser.log.Frame;
import io.canal.parser.log.Transaction;
import io.canal.protocol.GtidSet;
import io.canal.protocol.WriteBuffer;
import io.canal.server.subscription.EntryWriter;
import java.util.Optional;
import java.util.UUID;

/** Writes entries, with the executed GTID set in each where headers show GTIDs. */
final class Entries implements EntryWriter {
  private final EntryEncoder encoder;
  private final boolean showGtids;

  // owned by the thread that writes: the text, and what it was made of
  private String executedText = "";
  private GtidSet executed;
  private UUID sid;
  private String tag = "";
  private long number;

  Entries(EntryEncoder encoder, boolean showGtids) {
    this.encoder = requireNonNull(encoder, "encoder is null");
    this.showGtids = showGtids;
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

  /** The executed set with this transaction, made once for all its entries in a chunk. */
  @SuppressWarnings("ReferenceEquality") // each chunk has a set of its own, which changes
  private String executedText(Transaction transaction, Optional<GtidSet> before) {
    if (!showGtids || !transaction.hasGtid()) {
      return "";
    }
    GtidSet set = before.orElse(null);
    if (number != transaction.number()
        || executed != set
        || !transaction.sid().equals(sid)
        || !transaction.tag().equals(tag)) {
      GtidSet with = set == null ? new GtidSet() : set.copy();
      transaction.gtid().ifPresent(with::add);
      executedText = with.toString();
      executed = set;
      sid = transaction.sid();
      tag = transaction.tag();
      number = transaction.number();
    }
    return executedText;
  }
}
