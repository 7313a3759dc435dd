package io.canal.parser.binlog;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/**
 * The events inside a TRANSACTION_PAYLOAD event (MySQL, {@code binlog_transaction_compression}),
 * decompressed while its packets arrive: a transaction of any size takes the same memory. They
 * carry no checksum and stand in no file; their place is that of the payload. Reused for one
 * payload after the other by the thread that owns it.
 *
 * <p>The checksum of the payload is verified before its last event is handed out, which ends the
 * transaction.
 */
public final class PayloadEventStream extends EventStream implements AutoCloseable {
  // fields of the payload's header: id, length, value; all of them the protocol's length-encoded
  // integers
  private static final int HEADER_END = 0;
  private static final int COMPRESSION_TYPE = 2;
  private static final int UNCOMPRESSED_SIZE = 3;
  private static final int ZSTD = 0;
  private static final int NONE = 255;
  private static final int SCRATCH_BYTES = 64 * 1024;
  // a zstd block of 4 bytes gives 128 KiB at most
  private static final long MAX_RATIO = 32 * 1024;

  private final byte[] header = new byte[EventHeader.LENGTH];
  private byte[] scratch = new byte[0];
  private ZstdStream zstd;
  private InputStream in;
  private long remaining;

  /** Begins with the payload that another stream stands at. */
  public void open(EventStream payload) throws IOException {
    InputStream body = payload.body();
    long compression = -1;
    long size = -1;
    for (long field = number(body); field != HEADER_END; field = number(body)) {
      long fieldLength = number(body);
      if (field == COMPRESSION_TYPE) {
        compression = number(body);
      } else if (field == UNCOMPRESSED_SIZE) {
        size = number(body);
      } else if (fieldLength < 0 || fieldLength > payload.bodyLength()) {
        throw failure("field " + field + " of " + fieldLength + " bytes");
      } else {
        body.skipNBytes(fieldLength);
      }
    }
    if (size < 0) {
      throw failure("no uncompressed size");
    }
    if (size > payload.bodyLength() * MAX_RATIO) {
      throw failure("%d bytes, compressed to %d".formatted(size, payload.bodyLength()));
    }
    in = decompressed(body, compression);
    remaining = size;
    taken = true;
  }

  private InputStream decompressed(InputStream body, long compression) {
    if (compression == NONE) {
      return body;
    }
    if (compression != ZSTD) {
      throw failure("compression type " + compression + ", expected 0 (zstd) or 255 (none)");
    }
    if (zstd == null) {
      zstd = new ZstdStream();
    }
    zstd.open(body);
    return zstd;
  }

  private static long number(InputStream body) throws IOException {
    int first = body.read();
    int bytes =
        switch (first) {
          case -1 -> throw failure("it ends inside its header");
          case 0xFC -> 2;
          case 0xFD -> 3;
          case 0xFE -> 8;
          default -> 0;
        };
    long value = bytes == 0 ? first : 0;
    for (int i = 0; i < bytes; i++) {
      value |= (long) body.read() << (8 * i);
    }
    return value;
  }

  @Override
  public boolean next() throws IOException {
    if (!taken) {
      skip();
    }
    if (remaining == 0) {
      return false;
    }
    if (remaining < EventHeader.LENGTH) {
      throw failure(remaining + " bytes behind its last event");
    }
    fill(header, 0, EventHeader.LENGTH);
    standAt(header, 0);
    if (bodyLength() < 0 || bodyLength() > remaining) {
      throw failure(
          "event of type %d and %d bytes, of which %d are left"
              .formatted(type, length, remaining + EventHeader.LENGTH));
    }
    taken = false;
    return true;
  }

  @Override
  public long bodyLength() {
    return length - EventHeader.LENGTH;
  }

  @Override
  public int read(byte[] target, int offset) throws IOException {
    int total = total();
    Objects.checkFromIndexSize(offset, total, target.length);
    take();
    System.arraycopy(header, 0, target, offset, EventHeader.LENGTH);
    fill(target, offset + EventHeader.LENGTH, total - EventHeader.LENGTH);
    proveIfLast();
    return total;
  }

  @Override
  public int load() throws IOException {
    int total = total();
    if (total > scratch.length || scratch.length > SCRATCH_BYTES) {
      scratch = new byte[Math.max(total, SCRATCH_BYTES)];
    }
    read(scratch, 0);
    array = scratch;
    start = 0;
    return total;
  }

  @Override
  public void skip() throws IOException {
    take();
    if (scratch.length == 0) {
      scratch = new byte[SCRATCH_BYTES];
    }
    for (long left = bodyLength(); left > 0; ) {
      int count = (int) Math.min(left, scratch.length);
      fill(scratch, 0, count);
      left -= count;
    }
    proveIfLast();
  }

  @Override
  InputStream body() {
    throw failure("a payload inside a payload");
  }

  private void fill(byte[] target, int offset, int count) throws IOException {
    if (in.readNBytes(target, offset, count) < count) {
      throw failure("it ends " + remaining + " bytes before its uncompressed size");
    }
    remaining -= count;
  }

  private void proveIfLast() throws IOException {
    if (remaining == 0 && in.read() >= 0) {
      throw failure("it goes on behind its uncompressed size");
    }
  }

  private static CanalException failure(String found) {
    return new CanalException(ErrorCode.STOP_INSTANCE, "TRANSACTION_PAYLOAD event: " + found);
  }

  /** Gives back what the decompressor holds, until the next payload. */
  @Override
  public void close() {
    if (zstd != null) {
      zstd.close();
      zstd = null;
    }
  }
}
