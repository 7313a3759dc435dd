package io.canal.parser.log;

import java.io.IOException;

/**
 * Where segments are kept that leave memory while a reader needs them. The receiver thread writes;
 * any thread reads and deletes.
 */
interface SegmentFiles {
  /** How much they may hold in all. */
  long maxBytes();

  /**
   * Keeps the first {@code length} bytes as the segment that begins at {@code base}; gives their
   * checksum. Leaves nothing behind where it fails.
   */
  int write(long base, byte[] bytes, int length) throws IOException;

  /** Brings them back, and fails where they have another checksum. */
  void read(long base, byte[] bytes, int length, int checksum) throws IOException;

  /** Never fails: what remains is removed at the next start. */
  void delete(long base);
}
