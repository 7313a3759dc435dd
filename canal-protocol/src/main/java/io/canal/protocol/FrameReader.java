package io.canal.protocol;

import static java.util.Objects.requireNonNull;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;

/**
 * Cuts a blocking stream into frames (wire-protocol section 1). Owned by one thread. A frame is a
 * slice of {@link #array}, valid until the next call of {@link #next}.
 *
 * <p>A length beyond the maximum is refused before a byte of it is read, and beyond 4 MiB the
 * buffer grows only as bytes arrive, so that a peer cannot make this side allocate by lying. A
 * buffer that a large frame has left behind is dropped with the frame after it.
 */
public final class FrameReader {
  private static final int INITIAL_BYTES = 64 << 10;
  // of a frame, taken on its word alone
  private static final int BELIEVED_BYTES = 4 << 20;
  private static final int RETAINED_BYTES = 16 << 20;

  private final InputStream in;
  private final int maxFrameBytes;

  private byte[] buffer = new byte[INITIAL_BYTES];
  private int offset;
  private int length;
  // received bytes that no frame has taken yet
  private int start;
  private int end;

  /**
   * @param maxFrameBytes largest body to accept, in bytes
   */
  public FrameReader(InputStream in, int maxFrameBytes) {
    this.in = requireNonNull(in, "in is null");
    if (maxFrameBytes < 1 || maxFrameBytes > Integer.MAX_VALUE - 64) {
      throw new IllegalArgumentException("maxFrameBytes " + maxFrameBytes);
    }
    this.maxFrameBytes = maxFrameBytes;
  }

  /**
   * Waits for the next frame.
   *
   * @return false if the stream ended between two frames
   * @throws EOFException if it ended within one
   * @throws ProtocolException for a length beyond the maximum or below zero, after which the stream
   *     has no known place any more
   */
  public boolean next() throws IOException {
    if (!receive(Frames.LENGTH_BYTES)) {
      return false;
    }
    int announced =
        (buffer[start] & 0xFF) << 24
            | (buffer[start + 1] & 0xFF) << 16
            | (buffer[start + 2] & 0xFF) << 8
            | (buffer[start + 3] & 0xFF);
    if (announced < 0 || announced > maxFrameBytes) {
      throw new ProtocolException(
          "a frame of "
              + Integer.toUnsignedString(announced)
              + " bytes, expected at most "
              + maxFrameBytes);
    }
    if (!receive(Frames.LENGTH_BYTES + announced)) {
      throw new EOFException("the stream ended before a frame of " + announced + " bytes");
    }
    offset = start + Frames.LENGTH_BYTES;
    length = announced;
    start = offset + announced;
    return true;
  }

  /** Whether a call of {@link #next} would find bytes without waiting. */
  public boolean ready() throws IOException {
    return end > start || in.available() > 0;
  }

  /** Holds the frame's bytes from {@link #offset}, {@link #length} of them. */
  public byte[] array() {
    return buffer;
  }

  public int offset() {
    return offset;
  }

  public int length() {
    return length;
  }

  /**
   * Reads until {@code bytes} stand at {@code start}; false if the stream ends before the first.
   */
  private boolean receive(int bytes) throws IOException {
    while (end - start < bytes) {
      makeRoom(bytes);
      int count = in.read(buffer, end, buffer.length - end);
      if (count < 0) {
        if (end == start) {
          return false;
        }
        throw new EOFException(
            "the stream ended after " + (end - start) + " of " + bytes + " bytes of a frame");
      }
      end += count;
    }
    return true;
  }

  /** Leaves at least one free byte at {@code end}. */
  private void makeRoom(int bytes) {
    int have = end - start;
    byte[] target = buffer;
    if (have == 0 && buffer.length > RETAINED_BYTES) {
      target = new byte[INITIAL_BYTES];
    }
    int believed = Math.min(bytes, BELIEVED_BYTES);
    if (target.length < believed) {
      target = new byte[Integer.highestOneBit(believed - 1) << 1];
    } else if (have == target.length) {
      // to frames of one size in few steps, but not beyond a very large one
      target = new byte[(int) Math.min(have * 2L, Math.max(bytes, RETAINED_BYTES))];
    } else if (target == buffer && (start == 0 || start + (long) bytes <= buffer.length)) {
      return;
    }
    System.arraycopy(buffer, start, target, 0, have);
    buffer = target;
    start = 0;
    end = have;
  }
}
