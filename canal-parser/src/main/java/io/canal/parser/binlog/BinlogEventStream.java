package io.canal.parser.binlog;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.zip.CRC32;

/**
 * Cuts the packets behind a dump command into binary log events, verifies each event's CRC32, and
 * copies it once: from the buffer, or straight from the socket where it is large, into the caller's
 * array. Owned by one thread.
 *
 * <p>{@link #next} moves to the next event and reads its header alone, so that the caller sees type
 * and length before it makes room. Then {@link #read} or {@link #skip} take the event; what was not
 * taken is skipped. An event of 16 MiB and more comes in several packets and is put together in the
 * target without a copy in between.
 *
 * <p>Whether events end in a checksum changes with the FORMAT_DESCRIPTION in front of them; the
 * stream follows that by itself.
 *
 * <p>Errors: an {@link IOException} when the connection fails, its subclass {@link
 * SourceErrorException} when the source says why it ends the dump, a {@link CanalException} to
 * retry when the packets do not fit together, one that stops the instance when a checksum is wrong.
 */
public final class BinlogEventStream {
  private static final int BUFFER_BYTES = 256 * 1024;
  // From here on a body goes from the socket into the target; below it shares reads with its
  // neighbours.
  private static final int DIRECT_READ_BYTES = 64 * 1024;
  private static final int MAX_PACKET_BYTES = 0xFFFFFF;
  private static final int CHECKSUM_BYTES = 4;
  private static final int STATUS_BYTES = 1;
  private static final int MAX_ERROR_BYTES = 64 * 1024;
  private static final int OK = 0x00;
  private static final int EOF = 0xFE;
  private static final int ERROR = 0xFF;
  private static final int MAX_EOF_PACKET_BYTES = 8;
  private static final int CRC32_ALGORITHM = 1;

  private final InputStream in;
  private final CRC32 crc = new CRC32();
  private final byte[] header = new byte[EventHeader.LENGTH];
  private final byte[] checksumBytes = new byte[CHECKSUM_BYTES];
  private final byte[] buffer;

  // owned by the reading thread
  private int position;
  private int limit;
  private int sequence = 1;
  private int packetRemaining;
  private boolean packetContinues;
  private long eventRemaining;
  private boolean checksummed;
  private boolean taken = true;
  private boolean ended;
  private long bytesReceived;
  private BinlogPosition skipped;
  private long skipUntil;

  /**
   * A stream that begins with the first packet of the answer to a dump command.
   *
   * @param checksummed whether the events before the first FORMAT_DESCRIPTION end in a CRC32: what
   *     the session's {@code @source_binlog_checksum} was set to
   */
  public BinlogEventStream(InputStream in, boolean checksummed) {
    this(in, checksummed, BUFFER_BYTES);
  }

  BinlogEventStream(InputStream in, boolean checksummed, int bufferBytes) {
    this.in = requireNonNull(in, "in is null");
    this.checksummed = checksummed;
    this.buffer = new byte[bufferBytes];
  }

  /**
   * Moves to the next event, waiting for it; false when the source has ended the dump, which it
   * does at the end of its log if it was asked not to wait.
   */
  public boolean next() throws IOException {
    if (!taken) {
      skip();
    }
    while (skipped != null && skipped.offset() < skipUntil) {
      if (!nextEvent()) {
        return false;
      }
      skipped.advance(type(), flags(), logPos(), length());
      boolean fileEnds = type() == EventType.ROTATE && (flags() & EventHeader.ARTIFICIAL) == 0;
      if (fileEnds && skipped.offset() < skipUntil) {
        throw new CanalException(
            ErrorCode.STOP_INSTANCE,
            "offset " + skipUntil + " in a file that ends at " + skipped.offset());
      }
      skip();
    }
    if (skipped != null && skipped.offset() != skipUntil) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "offset " + skipUntil + " is inside an event that ends at " + skipped.offset());
    }
    skipped = null;
    return nextEvent();
  }

  private boolean nextEvent() throws IOException {
    if (ended) {
      return false;
    }
    beginPacket();
    if (packetRemaining < 1) {
      throw malformed("packet without a status byte");
    }
    require(STATUS_BYTES);
    int status = buffer[position] & 0xFF;
    if (status == EOF && packetRemaining <= MAX_EOF_PACKET_BYTES) {
      require(packetRemaining);
      position += packetRemaining;
      ended = true;
      return false;
    }
    if (status == ERROR) {
      throw readError();
    }
    if (status != OK) {
      throw malformed("packet status " + status + ", expected 0 (event), 254 (end) or 255 (error)");
    }
    if (packetRemaining < STATUS_BYTES + EventHeader.LENGTH) {
      throw malformed(
          "packet of " + packetRemaining + " bytes, expected at least 20 for an event header");
    }
    require(STATUS_BYTES + EventHeader.LENGTH);
    System.arraycopy(buffer, position + STATUS_BYTES, header, 0, EventHeader.LENGTH);
    position += STATUS_BYTES + EventHeader.LENGTH;
    packetRemaining -= STATUS_BYTES + EventHeader.LENGTH;
    eventRemaining = length() - EventHeader.LENGTH;
    if (packetContinues ? eventRemaining < packetRemaining : eventRemaining != packetRemaining) {
      throw malformed(
          "event of type %d says %d bytes, its packet carries %d%s"
              .formatted(
                  type(),
                  length(),
                  packetRemaining + EventHeader.LENGTH,
                  packetContinues ? " and more" : ""));
    }
    if (eventRemaining < checksumLength()) {
      throw malformed("event of type " + type() + " has no room for its checksum");
    }
    taken = false;
    return true;
  }

  /**
   * For a stream from the start of a file: {@link #next} passes over everything up to {@code
   * offset}, the first ROTATE and FORMAT_DESCRIPTION too, as if the dump began there. For offsets
   * that the command cannot carry.
   */
  public void skipUntil(long offset) {
    skipped = new BinlogPosition("", 4);
    skipUntil = offset;
  }

  /** A code of {@link EventType}, or one that is not known there. */
  public int type() {
    return EventHeader.type(header, 0);
  }

  /** Seconds since 1970, as the source set it; 0 on some artificial events. */
  public long timestampSeconds() {
    return EventHeader.timestampSeconds(header, 0);
  }

  public long serverId() {
    return EventHeader.serverId(header, 0);
  }

  /** Bytes of the event in the file, with header and checksum. */
  public long length() {
    return EventHeader.length(header, 0);
  }

  /** The low 32 bits of where the event ends in its file; 0 where the source did not say. */
  public long logPos() {
    return EventHeader.logPos(header, 0);
  }

  public int flags() {
    return EventHeader.flags(header, 0);
  }

  /** Bytes of the event without header and checksum. */
  public long bodyLength() {
    return length() - EventHeader.LENGTH - checksumLength();
  }

  /**
   * Copies the event, header and body without the checksum, to {@code target} and verifies it. The
   * array needs {@link EventHeader#LENGTH} + {@link #bodyLength} bytes from {@code offset}; what is
   * written there counts only after this method has returned.
   *
   * @return the number of bytes written
   */
  public int read(byte[] target, int offset) throws IOException {
    if (taken) {
      throw new IllegalStateException("no event to read");
    }
    long needed = EventHeader.LENGTH + bodyLength();
    if (needed > Integer.MAX_VALUE) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE, "event of " + length() + " bytes, expected at most 2 GiB");
    }
    int total = (int) needed;
    Objects.checkFromIndexSize(offset, total, target.length);
    taken = true;
    System.arraycopy(header, 0, target, offset, EventHeader.LENGTH);
    crc.reset();
    int hashed = offset;
    int written = offset + EventHeader.LENGTH;
    int end = offset + total;
    while (written < end) {
      written += transfer(target, written, end - written);
      if (hashes()) {
        crc.update(target, hashed, written - hashed);
        hashed = written;
      }
    }
    if (hashes() && hashed < written) {
      crc.update(target, hashed, written - hashed);
    }
    finish(target[end - 1] & 0xFF);
    return total;
  }

  /** Passes over the event, and verifies it all the same. */
  public void skip() throws IOException {
    if (taken) {
      throw new IllegalStateException("no event to skip");
    }
    long remaining = bodyLength();
    taken = true;
    crc.reset();
    if (hashes()) {
      crc.update(header, 0, EventHeader.LENGTH);
    }
    int lastBodyByte = 0;
    while (remaining > 0) {
      continueEvent();
      require(1);
      int count = (int) Math.min(Math.min(limit - position, packetRemaining), remaining);
      if (hashes()) {
        crc.update(buffer, position, count);
      }
      position += count;
      packetRemaining -= count;
      eventRemaining -= count;
      remaining -= count;
      lastBodyByte = buffer[position - 1];
    }
    finish(lastBodyByte);
  }

  /**
   * Whether the next event is in memory as a whole, so that {@link #next} and {@link #read} will
   * not wait for the source. False is the moment to hand on what has been read so far.
   */
  public boolean hasBuffered() {
    int available = limit - position;
    return available >= 4 && available - 4 >= packetLengthAt(position);
  }

  /** Bytes taken from the connection so far; written by the reading thread alone. */
  public long bytesReceived() {
    return bytesReceived;
  }

  // Since 5.6.1 a FORMAT_DESCRIPTION always has room for a checksum, and names the algorithm in the
  // byte before it; with NONE those four bytes mean nothing.
  private int checksumLength() {
    return hashes() ? CHECKSUM_BYTES : 0;
  }

  private boolean hashes() {
    return checksummed || type() == EventType.FORMAT_DESCRIPTION;
  }

  private void finish(int lastBodyByte) throws IOException {
    boolean hashed = hashes();
    for (int filled = 0; hashed && filled < CHECKSUM_BYTES; ) {
      filled += transfer(checksumBytes, filled, CHECKSUM_BYTES - filled);
    }
    if (packetContinues) {
      // an event that fills its last packet to the brim is followed by an empty one
      beginPacket();
      if (packetRemaining != 0) {
        throw malformed("packet of " + packetRemaining + " bytes after the end of an event");
      }
    }
    if (type() == EventType.FORMAT_DESCRIPTION) {
      checksummed = lastBodyByte == CRC32_ALGORITHM;
    }
    if (hashed && checksummed) {
      verifyChecksum();
    }
  }

  private void verifyChecksum() {
    long found = 0;
    for (int i = CHECKSUM_BYTES - 1; i >= 0; i--) {
      found = (found << 8) | (checksumBytes[i] & 0xFF);
    }
    if (found != crc.getValue()) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "event of type %d and %d bytes that ends at %d: checksum %08x, expected %08x"
              .formatted(type(), length(), logPos(), found, crc.getValue()));
    }
  }

  private SourceErrorException readError() throws IOException {
    int length = packetRemaining;
    if (length < 3 || length > MAX_ERROR_BYTES) {
      throw malformed("error packet of " + length + " bytes");
    }
    byte[] packet = new byte[length];
    eventRemaining = length;
    for (int filled = 0; filled < length; ) {
      filled += transfer(packet, filled, length - filled);
    }
    ended = true;
    return SourceErrorException.parse(packet);
  }

  private void beginPacket() throws IOException {
    require(4);
    packetRemaining = packetLengthAt(position);
    int found = buffer[position + 3] & 0xFF;
    position += 4;
    if (found != sequence) {
      throw malformed("packet number " + found + ", expected " + sequence);
    }
    sequence = (sequence + 1) & 0xFF;
    packetContinues = packetRemaining == MAX_PACKET_BYTES;
  }

  private int packetLengthAt(int at) {
    return (buffer[at] & 0xFF) | ((buffer[at + 1] & 0xFF) << 8) | ((buffer[at + 2] & 0xFF) << 16);
  }

  /** Copies at least one and at most {@code wanted} bytes of the event. */
  private int transfer(byte[] target, int offset, int wanted) throws IOException {
    continueEvent();
    int count = Math.min(wanted, packetRemaining);
    if (position == limit && count >= DIRECT_READ_BYTES) {
      count = receive(target, offset, count);
    } else {
      require(1);
      count = Math.min(count, limit - position);
      System.arraycopy(buffer, position, target, offset, count);
      position += count;
    }
    packetRemaining -= count;
    eventRemaining -= count;
    return count;
  }

  /** Makes sure that the packet at hand holds a byte of the event. */
  private void continueEvent() throws IOException {
    if (packetRemaining > 0) {
      return;
    }
    long expected = Math.min(eventRemaining, MAX_PACKET_BYTES);
    if (packetContinues) {
      beginPacket();
    }
    if (packetRemaining != expected) {
      throw malformed(
          "packet of %d bytes, expected %d of an event of type %d and %d bytes"
              .formatted(packetRemaining, expected, type(), length()));
    }
  }

  /** Makes {@code count} bytes available in the buffer. */
  private void require(int count) throws IOException {
    while (limit - position < count) {
      if (position == limit) {
        position = 0;
        limit = 0;
      } else if (limit == buffer.length) {
        System.arraycopy(buffer, position, buffer, 0, limit - position);
        limit -= position;
        position = 0;
      }
      limit += receive(buffer, limit, buffer.length - limit);
    }
  }

  private int receive(byte[] target, int offset, int length) throws IOException {
    int count = in.read(target, offset, length);
    if (count < 0) {
      throw new EOFException(
          eventRemaining == 0 && position == limit
              ? "the source closed the connection"
              : "the source closed the connection inside an event");
    }
    bytesReceived += count;
    return count;
  }

  private static CanalException malformed(String found) {
    return new CanalException(ErrorCode.RETRY, "dump connection: " + found);
  }
}
