package io.canal.parser.source;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.zip.CRC32C;

/**
 * Proves, after a connection broke inside a transaction that consumers have partly read, that the
 * source sends that transaction again: the images of its rows, whatever events they are cut into,
 * must be the same bytes up to the place reached. Owned by the receiver thread.
 */
final class ResentTransaction {
  private final CRC32C published = new CRC32C();
  private final CRC32C resent = new CRC32C();
  private String id = "";
  private long publishedBytes;
  private long resentBytes;
  private boolean resending;

  /** A transaction begins to be written to the log. */
  void begin() {
    published.reset();
    publishedBytes = 0;
    resending = false;
  }

  /** Images of rows went to the log. */
  void written(byte[] array, int offset, int length) {
    published.update(array, offset, length);
    publishedBytes += length;
  }

  /** The connection broke: that transaction, which {@link #begin} began, is expected once more. */
  void expectAgain(String transactionId) {
    id = transactionId;
    resending = true;
    resent.reset();
    resentBytes = 0;
  }

  boolean isResending() {
    return resending;
  }

  /** The source begins a transaction, where the one it sends again is expected. */
  void beginAgain(String transactionId) {
    if (!transactionId.equals(id)) {
      throw differs("transaction " + transactionId + " comes first");
    }
    resent.reset();
    resentBytes = 0;
  }

  /**
   * Takes images that come again; once all have come, they are proven and what follows is new.
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
    if (resending) {
      throw differs("it ends after %d bytes of rows".formatted(resentBytes));
    }
  }

  private CanalException differs(String found) {
    return new CanalException(
        ErrorCode.STOP_INSTANCE,
        "transaction %s was cut off after %d bytes of rows that consumers have read; expected the same again, but %s"
            .formatted(id, publishedBytes, found));
  }
}
