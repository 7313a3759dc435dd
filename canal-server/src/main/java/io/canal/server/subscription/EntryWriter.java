package io.canal.server.subscription;

import io.canal.parser.log.Frame;
import io.canal.parser.log.Transaction;
import io.canal.protocol.GtidSet;
import io.canal.protocol.WriteBuffer;
import java.util.Optional;

/**
 * Writes frames of one destination as entries, each with the tag and length that it has as a field
 * of {@code Messages}. Used by one thread at a time.
 */
public interface EntryWriter {
  /**
   * Appends the TRANSACTIONBEGIN entry.
   *
   * @param executed the GTIDs executed before this transaction, where headers show them
   */
  void writeBegin(Transaction transaction, Optional<GtidSet> executed, WriteBuffer out);

  /**
   * Appends the entry of a ROWS, QUERY or END frame.
   *
   * @param executed the GTIDs executed before this frame, at an END its own included
   * @return how many rows it holds
   */
  int write(Frame frame, Transaction transaction, Optional<GtidSet> executed, WriteBuffer out);
}
