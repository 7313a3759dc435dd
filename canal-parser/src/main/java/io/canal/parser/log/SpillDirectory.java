package io.canal.parser.log;

import static java.util.Objects.requireNonNull;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory of spilled segments, a file each, named by where it begins in the log. It is a cache
 * of one process: nothing in it is synced, and it is emptied when the next one starts. Checksums
 * are kept in memory.
 */
public final class SpillDirectory implements SegmentFiles {
  private static final Logger LOG = LoggerFactory.getLogger(SpillDirectory.class);
  private static final String SUFFIX = ".segment";

  /** A channel copies a heap buffer into a direct one of its size, which its thread then keeps. */
  private static final int SLICE_BYTES = 64 * 1024;

  private final Path directory;
  private final long maxBytes;

  private SpillDirectory(Path directory, long maxBytes) {
    this.directory = directory;
    this.maxBytes = maxBytes;
  }

  /** Makes the directory, or removes the segments that a process before left in it. */
  public static SpillDirectory emptied(Path directory, long maxBytes) throws IOException {
    requireNonNull(directory, "directory is null");
    if (maxBytes < 0) {
      throw new IllegalArgumentException("maxBytes " + maxBytes + ", expected 0 or more");
    }
    Files.createDirectories(directory);
    try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
      for (Path file : left) {
        Files.delete(file);
      }
    }
    return new SpillDirectory(directory, maxBytes);
  }

  @Override
  public long maxBytes() {
    return maxBytes;
  }

  @Override
  public int write(long base, byte[] bytes, int length) throws IOException {
    Path file = file(base);
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      for (int at = 0; at < length; ) {
        at += channel.write(slice(bytes, at, length));
      }
    } catch (IOException e) {
      delete(base);
      throw new IOException("cannot write " + file + ": " + describe(e), e);
    }
    return checksum(bytes, length);
  }

  @Override
  public void read(long base, byte[] bytes, int length, int checksum) throws IOException {
    Path file = file(base);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      for (int at = 0; at < length; ) {
        int count = channel.read(slice(bytes, at, length));
        if (count < 0) {
          throw new EOFException("it ends after %d bytes of %d".formatted(at, length));
        }
        at += count;
      }
    } catch (IOException e) {
      throw new IOException("cannot read " + file + ": " + describe(e), e);
    }
    int found = checksum(bytes, length);
    if (found != checksum) {
      throw new IOException(
          "%s: CRC32C %08x, expected %08x as it was written".formatted(file, found, checksum));
    }
  }

  @Override
  public void delete(long base) {
    try {
      Files.deleteIfExists(file(base));
    } catch (IOException e) {
      LOG.warn("a segment of the change log stays on disk until the next start: {}", e.toString());
    }
  }

  private static String describe(IOException e) {
    if (e instanceof FileSystemException fileError) {
      String reason = fileError.getReason();
      return reason == null ? e.getClass().getSimpleName() : reason;
    }
    return e.getMessage();
  }

  private Path file(long base) {
    return directory.resolve("%020d%s".formatted(base, SUFFIX));
  }

  private static ByteBuffer slice(byte[] bytes, int at, int length) {
    return ByteBuffer.wrap(bytes, at, Math.min(SLICE_BYTES, length - at));
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
