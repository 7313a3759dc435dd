package io.canal.parser.binlog;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.zip.CRC32;

/**
 * Cuts the packets behind a dump command into binary log events and verifies each event's CRC32.
 * Owned by one thread.
 *
 * <p>An event of up to {@value #DIRECT_READ_BYTES} bytes is gathered whole in the buffer before
 * {@link #next} returns: it is verified there, and copied at most once. A larger one goes from the
 * socket straight into the caller's array; from 16 MiB on it comes in several packets and is put
 * together there without a copy in between.
 *
 * <p>Whether events end in a checksum changes with the FORMAT_DESCRIPTION in front of them; the
 * stream follows that by itself.
 *
 * <p>Errors: an {@link IOException} when the connection fails, its subclass {@link
 * SourceErrorException} when the source says why it ends the dump, a {@link CanalException} to
 * retry when the packets do not fit together, one that stops the instance when a checksum is wrong.
 */
public final class BinlogEventStream extends EventStream {
  private static final int FIRST_BUFFER_BYTES = 16 * 1024;
  private static final int BUFFER_BYTES = 256 * 1024;
  // From here on a body goes from the socket into the target; below it shares reads with its
  // neighbours.
  private static final int DIRECT_READ_BYTES = 64 * 1024;
  private static final int SCRATCH_BYTES = 256 * 1024;
  private static final int PACKET_HEADER_BYTES = 4;
  private static final int MAX_PACKET_BYTES = 0xFFFFFF;
  private static final int CHECKSUM_BYTES = 4;
  private static final int STATUS_BYTES = 1;
  private static final int MAX_ERROR_BYTES = 64 * 1024;
  private static final int OK = 0x00;
  private static final int EOF = 0xFE;
  private static final int ERROR = 0xFF;
  private static final int MAX_EOF_PACKET_BYTES = 8;
  private static final int CRC32_ALGORITHM = 1;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final InputStream in;
  private final CRC32 crc = new CRC32();
  private final byte[] header = new byte[EventHeader.LENGTH];
  private final byte[] checksumBytes = new byte[CHECKSUM_BYTES];
  private final int maxBufferBytes;

  // owned by the reading thread
  private byte[] buffer;
  private int position;
  private int limit;
  private int sequence = 1;
  private int packetRemaining;
  private boolean packetContinues;
  private long eventRemaining;
  private boolean checksummed;
  // the event at hand lies in the buffer as a whole, in front of position
  private boolean whole;
  private byte[] scratch = new byte[0];
  private final Body body = new Body();
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

  BinlogEventStream(InputStream in, boolean checksummed, int maxBufferBytes) {
    this.in = requireNonNull(in, "in is null");
    this.checksummed = checksummed;
    this.maxBufferBytes = maxBufferBytes;
    this.buffer = new byte[Math.min(FIRST_BUFFER_BYTES, maxBufferBytes)];
  }

  /**
   * Moves to the next event, waiting for it; false when the source has ended the dump, which it
   * does at the end of its log if it was asked not to wait.
   */
  @Override
  public boolean next() throws IOException {
    if (!taken) {
      skip();
    }
    body.drain();
    return skipped == null ? nextEvent() : nextBehindSkipped();
  }

  private boolean nextBehindSkipped() throws IOException {
    while (skipped.offset() < skipUntil) {
      if (!nextEvent()) {
        return false;
      }
      skipped.advance(type, flags(), logPos(), length);
      boolean fileEnds = type == EventType.ROTATE && (flags() & EventHeader.ARTIFICIAL) == 0;
      if (fileEnds && skipped.offset() < skipUntil) {
        throw new CanalException(
            ErrorCode.STOP_INSTANCE,
            "offset " + skipUntil + " in a file that ends at " + skipped.offset());
      }
      skip();
    }
    if (skipped.offset() != skipUntil) {
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
    position += STATUS_BYTES;
    packetRemaining -= STATUS_BYTES;
    standAt(buffer, position);
    checkLength();
    whole = packetRemaining <= Math.min(DIRECT_READ_BYTES, maxBufferBytes);
    if (whole) {
      gather();
    } else {
      System.arraycopy(buffer, position, header, 0, EventHeader.LENGTH);
      array = header;
      start = 0;
      position += EventHeader.LENGTH;
      packetRemaining -= EventHeader.LENGTH;
      eventRemaining = length - EventHeader.LENGTH;
    }
    taken = false;
    return true;
  }

  private void checkLength() {
    if (packetContinues ? length < packetRemaining : length != packetRemaining) {
      throw malformed(
          "event of type %d says %d bytes, its packet carries %d%s"
              .formatted(type, length, packetRemaining, packetContinues ? " and more" : ""));
    }
    if (length < EventHeader.LENGTH + checksumLength()) {
      throw malformed("event of type " + type + " has no room for its checksum");
    }
  }

  /** Waits for the rest of the event, which moves it to the front of the buffer if it must. */
  private void gather() throws IOException {
    eventRemaining = packetRemaining;
    require(packetRemaining);
    array = buffer;
    start = position;
    position += packetRemaining;
    packetRemaining = 0;
    eventRemaining = 0;
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

  @Override
  public long bodyLength() {
    return length - EventHeader.LENGTH - checksumLength();
  }

  @Override
  public int read(byte[] target, int offset) throws IOException {
    int total = total();
    Objects.checkFromIndexSize(offset, total, target.length);
    take();
    if (whole) {
      verifyInPlace(total);
      System.arraycopy(array, start, target, offset, total);
    } else {
      readInPieces(target, offset, total);
    }
    return total;
  }

  @Override
  public int load() throws IOException {
    int total = total();
    if (whole) {
      take();
      verifyInPlace(total);
      return total;
    }
    if (total > scratch.length || scratch.length > SCRATCH_BYTES) {
      scratch = new byte[Math.max(total, SCRATCH_BYTES)];
    }
    read(scratch, 0);
    array = scratch;
    start = 0;
    return total;
  }

  private void readInPieces(byte[] target, int offset, int total) throws IOException {
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
    finish(target[end - 1]);
  }

  /** Passes over the event, and verifies it all the same. */
  @Override
  public void skip() throws IOException {
    take();
    if (whole) {
      verifyInPlace(total());
    } else {
      skipInPieces();
    }
  }

  private void skipInPieces() throws IOException {
    body.begin();
    body.drain();
  }

  @Override
  InputStream body() {
    take();
    if (whole) {
      int total = total();
      verifyInPlace(total);
      return new ByteArrayInputStream(
          array, start + EventHeader.LENGTH, total - EventHeader.LENGTH);
    }
    body.begin();
    return body;
  }

  /** The body of an event that is not whole in the buffer. */
  private final class Body extends InputStream {
    private final byte[] single = new byte[1];
    private long remaining;
    private boolean open;
    private int lastByte;

    void begin() {
      remaining = bodyLength();
      open = true;
      lastByte = 0;
      crc.reset();
      crc.update(header, 0, EventHeader.LENGTH);
    }

    @Override
    public int read() throws IOException {
      return read(single, 0, 1) < 0 ? -1 : single[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int count) throws IOException {
      if (remaining == 0) {
        if (open) {
          open = false;
          finish(lastByte);
        }
        return -1;
      }
      int read = transfer(target, offset, (int) Math.min(count, remaining));
      if (hashes()) {
        crc.update(target, offset, read);
      }
      remaining -= read;
      lastByte = target[offset + read - 1];
      return read;
    }

    void drain() throws IOException {
      if (open && scratch.length == 0) {
        scratch = new byte[SCRATCH_BYTES];
      }
      while (open) {
        read(scratch, 0, scratch.length);
      }
    }
  }

  /**
   * Whether the next event is in memory as a whole, so that {@link #next} and {@link #read} will
   * not wait for the source. False is the moment to hand on what has been read so far.
   */
  public boolean hasBuffered() {
    int available = limit - position - PACKET_HEADER_BYTES;
    return available >= 0 && available >= packetLengthAt(position);
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
    return checksummed || type == EventType.FORMAT_DESCRIPTION;
  }

  private void verifyInPlace(int total) {
    if (hashes()) {
      crc.reset();
      crc.update(array, start, total);
      followChecksum(array[start + total - 1], (int) INT.get(array, start + total));
    }
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
    if (hashed) {
      followChecksum(lastBodyByte, (int) INT.get(checksumBytes, 0));
    }
  }

  private void followChecksum(int lastBodyByte, int found) {
    if (type == EventType.FORMAT_DESCRIPTION) {
      checksummed = lastBodyByte == CRC32_ALGORITHM;
    }
    if (checksummed && found != (int) crc.getValue()) {
      throw new CanalException(
          ErrorCode.STOP_INSTANCE,
          "event of type %d and %d bytes that ends at %d: checksum %08x, expected %08x"
              .formatted(type, length, logPos(), found, crc.getValue()));
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
    require(PACKET_HEADER_BYTES);
    int head = (int) INT.get(buffer, position);
    packetRemaining = head & MAX_PACKET_BYTES;
    int found = head >>> 24;
    position += PACKET_HEADER_BYTES;
    if (found != sequence) {
      throw malformed("packet number " + found + ", expected " + sequence);
    }
    sequence = (sequence + 1) & 0xFF;
    packetContinues = packetRemaining == MAX_PACKET_BYTES;
  }

  private int packetLengthAt(int at) {
    return (int) INT.get(buffer, at) & MAX_PACKET_BYTES;
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
              .formatted(packetRemaining, expected, type, length));
    }
  }

  /** Makes {@code count} bytes available in the buffer. */
  private void require(int count) throws IOException {
    if (limit - position < count) {
      byte[] target = needsMore(count) ? new byte[moreThan(count)] : buffer;
      System.arraycopy(buffer, position, target, 0, limit - position);
      buffer = target;
      limit -= position;
      position = 0;
      while (limit < count) {
        limit += receive(buffer, limit, buffer.length - limit);
      }
    }
  }

  /** Whether a read has filled the buffer, as where the source sends without a pause. */
  private boolean needsMore(int count) {
    return count > buffer.length || (limit == buffer.length && limit < maxBufferBytes);
  }

  private int moreThan(int count) {
    return Math.min(maxBufferBytes, Math.max(count, 2 * buffer.length));
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
