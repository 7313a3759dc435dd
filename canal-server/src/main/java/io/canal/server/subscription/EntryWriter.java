package io.canal.server.subscription;

import io.canal.parser.log.Frame;
import io.canal.parser.log.Transaction;
import io.canal.protocol.GtidSet;
import io.canal.protocol.WriteBuffer;
import java.util.Optional;

/**
 * Decides what one filter lets through and writes it as entries, each with the tag and length that
 * it has as a field of {@code Messages}. Belongs to one subscription; used by one thread at a time.
 */
public interface EntryWriter {
  /** Whether the consumer is to see a ROWS or QUERY frame. */
  boolean shows(Frame frame);

  /**
   * Appends the TRANSACTIONBEGIN entry.
   *
   * @param executed the GTIDs executed before this transaction, on a source that has them
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
