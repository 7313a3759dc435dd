package io.canal.parser.binlog;

import static java.util.Objects.requireNonNull;

/**
 * Follows where a stream stands in the source's files: the file and the offset behind the last
 * event. Owned by the thread that reads the stream. Offsets have 64 bits although events say only
 * the low 32; where an event says nothing (MariaDB 11.4 and later, inside a transaction) its length
 * is added.
 */
public final class BinlogPosition {
  private static final long LOW_BITS = 0xFFFFFFFFL;

  private String file;
  private long offset;

  public BinlogPosition(String file, long offset) {
    this.file = requireNonNull(file, "file is null");
    this.offset = offset;
  }

  public String file() {
    return file;
  }

  /** Bytes from the start of the file to the end of the last event. */
  public long offset() {
    return offset;
  }

  /** Goes on where a ROTATE says. */
  public void rotate(RotateEvent rotate) {
    file = rotate.file();
    offset = rotate.position();
  }

  /** Steps over an event of the stream; what stands in no file moves nothing. */
  public void advance(int type, int flags, long logPos, long length) {
    boolean standsInFile =
        (flags & EventHeader.ARTIFICIAL) == 0
            && !EventType.isHeartbeat(type)
            && !(type == EventType.FORMAT_DESCRIPTION && logPos == 0);
    if (!standsInFile) {
      return;
    }
    long end = offset + length;
    // a source that filters (a dump by GTID set) leaves out events: logPos knows, length does not
    if (logPos != 0 && (end & LOW_BITS) != logPos) {
      long moved = (offset & ~LOW_BITS) | logPos;
      end = moved < offset ? moved + LOW_BITS + 1 : moved;
    }
    offset = end;
  }
}
