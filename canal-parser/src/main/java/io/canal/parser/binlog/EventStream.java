package io.canal.parser.binlog;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;

/**
 * Events of the binary log one after the other, wherever their bytes come from. Owned by one
 * thread.
 *
 * <p>{@link #next} moves to the next event and makes its header known, so that the caller sees type
 * and length before it makes room. Then the caller takes the event: {@link #read} copies it, {@link
 * #load} shows it where it lies in memory, {@link #skip} passes over it; what was not taken is
 * skipped. Whichever way, the event is whole and sound when the method has returned.
 */
public abstract class EventStream {
  // owned by the reading thread: the event at hand, of which at least the header is there
  byte[] array;
  int start;
  int type;
  long length;
  boolean taken = true;

  EventStream() {}

  /**
   * Moves to the next event, waiting for it; false at the end.
   *
   * @throws IOException where the bytes cannot be had
   */
  public abstract boolean next() throws IOException;

  /**
   * Copies the event, header and body without the checksum, to {@code target}. The array needs
   * {@link EventHeader#LENGTH} + {@link #bodyLength} bytes from {@code offset}; what is written
   * there counts only after this method has returned.
   *
   * @return the number of bytes written
   */
  public abstract int read(byte[] target, int offset) throws IOException;

  /**
   * Makes the whole event visible in {@link #array} from {@link #offset} on, until {@link #next} is
   * called.
   *
   * @return its length: header and body without the checksum
   */
  public abstract int load() throws IOException;

  /** Passes over the event. */
  public abstract void skip() throws IOException;

  /** Bytes of the event without header and checksum. */
  public abstract long bodyLength();

  /** What {@link #load} has shown; not to be written. */
  public final byte[] array() {
    return array;
  }

  /** Where the header of the loaded event begins in {@link #array}. */
  public final int offset() {
    return start;
  }

  /** A code of {@link EventType}, or one that is not known there. */
  public final int type() {
    return type;
  }

  /** Bytes of the event in the file, with header and checksum. */
  public final long length() {
    return length;
  }

  /** Seconds since 1970, as the source set it; 0 on some artificial events. */
  public final long timestampSeconds() {
    return EventHeader.timestampSeconds(array, start);
  }

  public final long serverId() {
    return EventHeader.serverId(array, start);
  }

  /** The low 32 bits of where the event ends in its file; 0 where the source did not say. */
  public final long logPos() {
    return EventHeader.logPos(array, start);
  }

  public final int flags() {
    return EventHeader.flags(array, start);
  }

  /** The event at hand is the one whose header begins there. */
  final void standAt(byte[] newArray, int newStart) {
    array = newArray;
    start = newStart;
    type = EventHeader.type(newArray, newStart);
    length = EventHeader.length(newArray, newStart);
  }

  final void take() {
    if (taken) {
      throw new IllegalStateException("no event to take");
    }
    taken = true;
  }

  /** The bytes that {@link #read} writes, where an array can hold so many. */
  final int total() {
    long total = EventHeader.LENGTH + bodyLength();
    if (total > Integer.MAX_VALUE) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE, "event of " + length + " bytes, expected at most 2 GiB");
    }
    return (int) total;
  }
}
