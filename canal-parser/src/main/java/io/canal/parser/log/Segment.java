package io.canal.parser.log;

import java.util.Optional;

/**
 * A stretch of the log: what is known of it without reading it, and its bytes while they are in
 * memory. The writer owns it until the next one follows; from then on it never changes, but for
 * where its bytes are.
 */
final class Segment {
  final long base;

  /** The last end of a transaction before it. */
  final LogFile file;

  final long offset;

  /** The transaction that it begins inside of. */
  final Optional<Transaction> inside;

  // owned by the writer; readers see them through the log's published position
  int limit;

  // owned by the writer, and read under the log's lock once another segment follows
  final EndedGtids ended = new EndedGtids();
  boolean endsWithoutGtid;

  // written under the log's lock
  private volatile SegmentArray array;
  private boolean onDisk;
  private int checksum;
  private long timestampSeconds;

  Segment(long base, LogFile file, long offset, Optional<Transaction> inside) {
    this.base = base;
    this.file = file;
    this.offset = offset;
    this.inside = inside;
  }

  long end() {
    return base + limit;
  }

  /**
   * Its bytes, for the writer or the log, which hold a pin; {@code null} where they left memory.
   */
  SegmentArray array() {
    return array;
  }

  void array(SegmentArray newArray) {
    array = newArray;
  }

  void onDisk(int newChecksum, long firstTimestampSeconds) {
    onDisk = true;
    checksum = newChecksum;
    timestampSeconds = firstTimestampSeconds;
  }

  boolean isOnDisk() {
    return onDisk;
  }

  int checksum() {
    return checksum;
  }

  /** Of its first change that has one; 0 without, and while it was never on disk. */
  long timestampSeconds() {
    return timestampSeconds;
  }

  /** Its bytes with a pin for the caller; {@code null} where they are not in memory. */
  SegmentArray pin() {
    SegmentArray current = array;
    return current != null && current.pin() ? current : null;
  }
}
