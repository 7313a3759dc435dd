package io.canal.benchmark.process;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What this process has used since {@link #start}: processor time of all its threads, the JVM's own
 * included, and bytes allocated by Java threads. Any thread may ask.
 *
 * <p>Java 17 tells the allocated bytes of living threads only, so a thread looks every {@value
 * #LOOK_MS} ms and remembers: what a thread allocates between the last look and its end is missing.
 */
final class Usage {
  private static final long LOOK_MS = 100;
  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private static final ThreadMXBean THREADS =
      ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
  private static final Map<Long, Long> ALLOCATED = new ConcurrentHashMap<>();

  static {
    Thread looking = new Thread(Usage::lookForEver, "allocations");
    looking.setDaemon(true);
    looking.start();
  }

  private final long cpuNanos = SYSTEM.getProcessCpuTime();
  private final long allocatedBytes = allocated();

  private Usage() {}

  static Usage start() {
    return new Usage();
  }

  double cpuSeconds() {
    return (SYSTEM.getProcessCpuTime() - cpuNanos) / 1e9;
  }

  long allocatedBytes() {
    return allocated() - allocatedBytes;
  }

  private static long allocated() {
    look();
    return ALLOCATED.values().stream().mapToLong(Long::longValue).sum();
  }

  private static void lookForEver() {
    try {
      while (true) {
        look();
        Thread.sleep(LOOK_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void look() {
    long[] ids = THREADS.getAllThreadIds();
    long[] bytes = THREADS.getThreadAllocatedBytes(ids);
    for (int i = 0; i < ids.length; i++) {
      if (bytes[i] > 0) { // -1 for a thread that has ended
        ALLOCATED.merge(ids[i], bytes[i], Math::max);
      }
    }
  }
}
