package io.canal.parser.log;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32C;

/** A disk in memory, which is full for a while now and then, and damages what it holds. */
final class FaultyFiles implements SegmentFiles {
  private final RandomGenerator random;
  private final long maxBytes;
  private final Map<Long, byte[]> files = new TreeMap<>();
  private boolean full;
  private int faults;
  private int reads;

  FaultyFiles(RandomGenerator random, long maxBytes) {
    this.random = random;
    this.maxBytes = maxBytes;
  }

  @Override
  public long maxBytes() {
    return maxBytes;
  }

  @Override
  public synchronized int write(long base, byte[] bytes, int length) throws IOException {
    if (full) {
      faults++;
      throw new IOException("No space left on device");
    }
    if (files.put(base, Arrays.copyOf(bytes, length)) != null) {
      throw new AssertionError("segment " + base + " is written twice");
    }
    return checksum(bytes, length);
  }

  @Override
  public synchronized void read(long base, byte[] bytes, int length, int checksum)
      throws IOException {
    byte[] file = files.get(base);
    if (file == null || file.length != length) {
      throw new AssertionError("no segment at " + base + " of " + length + " bytes");
    }
    reads++;
    System.arraycopy(file, 0, bytes, 0, length);
    if (checksum(bytes, length) != checksum) {
      faults++;
      throw new IOException("segment " + base + " has another checksum");
    }
  }

  @Override
  public synchronized void delete(long base) {
    if (files.remove(base) == null) {
      throw new AssertionError("no segment at " + base);
    }
  }

  /** Something happens to the disk. */
  synchronized void disturb() {
    full = random.nextInt(5) == 0;
    if (!files.isEmpty() && random.nextInt(4) == 0) {
      byte[] damaged = files.values().stream().skip(random.nextInt(files.size())).findFirst().get();
      damaged[random.nextInt(damaged.length)] ^= 1;
    }
  }

  synchronized long bytes() {
    return files.values().stream().mapToLong(file -> file.length).sum();
  }

  synchronized int faults() {
    return faults;
  }

  synchronized int reads() {
    return reads;
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
