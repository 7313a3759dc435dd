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

  /** Goes on where a HEARTBEAT says that a source which leaves out events has come to. */
  public void heartbeat(HeartbeatEvent heartbeat) {
    if (heartbeat.file().equals(file)) {
      long position = heartbeat.position();
      offset = position > LOW_BITS ? position : extend(position);
    }
  }

  /** Steps over an event of the stream; what stands in no file moves nothing. */
  public void advance(int type, int flags, long logPos, long length) {
    if ((flags & EventHeader.ARTIFICIAL) != 0
        || EventType.isHeartbeat(type)
        || (logPos == 0 && isMadeUpWithoutPlace(type))) {
      return;
    }
    long end = offset + length;
    // a source that filters (a dump by GTID set) leaves out events: logPos knows, length does not
    offset = logPos == 0 || (end & LOW_BITS) == logPos ? end : extend(logPos);
  }

  /** Whether a source puts such an event in front of a stream, where it says no place. */
  private static boolean isMadeUpWithoutPlace(int type) {
    return type == EventType.ROTATE
        || type == EventType.FORMAT_DESCRIPTION
        || type == EventType.MARIADB_GTID_LIST
        || type == EventType.MARIADB_START_ENCRYPTION;
  }

  private long extend(long low) {
    long extended = (offset & ~LOW_BITS) | low;
    return extended < offset ? extended + LOW_BITS + 1 : extended;
  }
}
