package io.canal.parser.source;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Proves, after a connection broke inside a transaction that consumers have partly read, that the
 * source sends that transaction again: the images of its rows, whatever events they are cut into,
 * must be the same bytes up to the place reached. Owned by the receiver thread.
 *
 * <p>Most transactions end before a consumer could read of them, and need no proof. So what is
 * written is hashed only when its bytes are about to be out of sight: see {@link #settle}.
 */
final class ResentTransaction {
  private final CRC32C published = new CRC32C();
  private final CRC32C resent = new CRC32C();
  private String id = "";
  private long publishedBytes;
  // written, but not hashed yet: offsets and lengths in one array
  private byte[] pendingArray;
  private int[] pending = new int[2 * 64];
  private int pendingCount;
  private long resentBytes;
  private boolean resending;
  private boolean begunAgain;

  /** A transaction begins to be written to the log. */
  void begin() {
    published.reset();
    publishedBytes = 0;
    pendingCount = 0;
    resending = false;
  }

  /**
   * Images of rows, or the text of a statement, went to the log. They stay where they are until
   * {@link #settle} or {@link #begin}, and all that is written in between is in the same array.
   */
  void written(byte[] array, int offset, int length) {
    if (pendingCount == pending.length) {
      pending = Arrays.copyOf(pending, pendingCount * 2);
    }
    pendingArray = array;
    pending[pendingCount++] = offset;
    pending[pendingCount++] = length;
    publishedBytes += length;
  }

  /** Hashes what was written. Called before the log goes on in another array. */
  void settle() {
    for (int i = 0; i < pendingCount; i += 2) {
      published.update(pendingArray, pending[i], pending[i + 1]);
    }
    pendingCount = 0;
  }

  /** The connection broke: that transaction, which {@link #begin} began, is expected once more. */
  void expectAgain(String transactionId) {
    settle();
    if (!resending) {
      id = transactionId;
    }
    resending = true;
    begunAgain = false;
    resent.reset();
    resentBytes = 0;
  }

  boolean isResending() {
    return resending;
  }

  /** Whether its BEGIN has not come again yet. */
  boolean awaitsBegin() {
    return resending && !begunAgain;
  }

  /** The source begins a transaction, where the one it sends again is expected. */
  void beginAgain(String transactionId) {
    if (!transactionId.equals(id)) {
      throw differs("transaction " + transactionId + " comes first");
    }
    begunAgain = true;
    resent.reset();
    resentBytes = 0;
  }

  /**
   * Takes images or a text that come again; once all have come, they are proven and what follows is
   * new.
   *
   * @return how many of the bytes were in the log already
   */
  int received(byte[] array, int offset, int length) {
    int known = (int) Math.min(length, publishedBytes - resentBytes);
    resent.update(array, offset, known);
    resentBytes += known;
    if (resentBytes == publishedBytes) {
      if (resent.getValue() != published.getValue()) {
        throw differs("its rows have other bytes");
      }
      resending = false;
    }
    return known;
  }

  /** The source ends the transaction. */
  void ended() {
    if (resentBytes < publishedBytes && resending) {
      throw differs("it ends after %d bytes of rows".formatted(resentBytes));
    }
    resending = false;
  }

  private CanalException differs(String found) {
    return new CanalException(
        ErrorCode.STOP_INSTANCE,
        "transaction %s was cut off after %d bytes of rows that consumers have read; expected the same again, but %s"
            .formatted(id, publishedBytes, found));
  }
}
