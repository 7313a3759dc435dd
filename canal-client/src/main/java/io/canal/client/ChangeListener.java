package io.canal.client;

/**
 * Receives changes in commit order, on the one thread of its {@link Subscription}. A lambda is
 * enough for most; the other methods mark where transactions and batches end.
 *
 * <p>A batch is acknowledged once every method has returned for all of it. If one throws an
 * exception, the batch is rolled back and comes again from its first change, after a pause that
 * grows from 100 ms to 10 s: so what a listener does must bear repetition.
 */
@FunctionalInterface
public interface ChangeListener {
  /**
   * Takes one row or statement; see {@link Change} for how long it is valid.
   *
   * @throws Exception to have the batch again later
   */
  void onChange(Change change) throws Exception;

  /** A transaction begins. A batch can end, and be acknowledged, in the middle of a large one. */
  default void onTransactionBegin(Transaction transaction) throws Exception {}

  /** A transaction is complete. */
  default void onTransactionEnd(Transaction transaction) throws Exception {}

  /** The batch is about to be acknowledged: the moment to flush what {@link #onChange} gathered. */
  default void onBatchEnd() throws Exception {}
}
