package io.canal.benchmark;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * What this process has used since {@link #start}. Threads that end in between are missing from the
 * allocated bytes, so a runner measures while its threads live.
 */
final class Usage {
  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private static final ThreadMXBean THREADS =
      ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

  private final long cpuNanos = SYSTEM.getProcessCpuTime();
  private final Map<Long, Long> allocated = allocatedByThread();

  private Usage() {}

  static Usage start() {
    return new Usage();
  }

  double cpuSeconds() {
    return (SYSTEM.getProcessCpuTime() - cpuNanos) / 1e9;
  }

  long allocatedBytes() {
    return allocatedByThread().entrySet().stream()
        .mapToLong(now -> now.getValue() - allocated.getOrDefault(now.getKey(), 0L))
        .sum();
  }

  private static Map<Long, Long> allocatedByThread() {
    long[] ids = THREADS.getAllThreadIds();
    long[] bytes = THREADS.getThreadAllocatedBytes(ids);
    Map<Long, Long> byThread = new HashMap<>();
    for (int i = 0; i < ids.length; i++) {
      if (bytes[i] > 0) {
        byThread.put(ids[i], bytes[i]);
      }
    }
    return byThread;
  }

  /** The most memory that this process ever had resident, in MiB. Linux. */
  static double peakRssMib() {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
              .filter(line -> line.startsWith("VmHWM:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
              .findFirst()
              .orElse(0)
          / 1024.0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
