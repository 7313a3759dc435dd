package io.canal.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What Linux tells of processes and of the machine in {@code /proc}. */
final class Proc {
  private static final Path ROOT = Path.of("/proc");
  private static final double TICKS_PER_SECOND = 100;

  private Proc() {}

  /** User and system time of a living process, which is counted in hundredths of a second. */
  static double cpuSeconds(long pid) {
    String stat = read(ROOT.resolve(pid + "/stat"));
    // the name in parentheses may hold blanks; behind it, utime is the 12th field and stime the
    // 13th
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
  }

  /**
   * What all processors of the machine have been busy with, other machines of its host included.
   */
  static double busySeconds() {
    String[] fields = read(ROOT.resolve("stat")).lines().findFirst().orElseThrow().split(" +", -1);
    long busy = 0;
    for (int field : new int[] {1, 2, 3, 6, 7, 8}) { // user nice system irq softirq steal
      busy += Long.parseLong(fields[field]);
    }
    return busy / TICKS_PER_SECOND;
  }

  static double residentMib(long pid) {
    return find(ROOT.resolve(pid + "/status"), "VmRSS:\\s+(\\d+)") / 1024.0;
  }

  /** The most memory that a process ever had resident. */
  static double peakResidentMib(long pid) {
    return find(ROOT.resolve(pid + "/status"), "VmHWM:\\s+(\\d+)") / 1024.0;
  }

  /** Such as "2 × AMD EPYC, 24 GiB, Linux 6.18.5". */
  static String machine() {
    Matcher model = Pattern.compile("model name\\s*: (.*)").matcher(read(ROOT.resolve("cpuinfo")));
    return "%d × %s, %d GiB, %s %s"
        .formatted(
            Runtime.getRuntime().availableProcessors(),
            model.find() ? model.group(1) : System.getProperty("os.arch"),
            find(ROOT.resolve("meminfo"), "MemTotal:\\s+(\\d+)") >> 20,
            System.getProperty("os.name"),
            System.getProperty("os.version"));
  }

  private static long find(Path file, String number) {
    Matcher matcher = Pattern.compile(number).matcher(read(file));
    if (!matcher.find()) {
      throw new IllegalStateException(file + " has no " + number);
    }
    return Long.parseLong(matcher.group(1));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Tells what others than some processes do on this machine. */
  static final class Others {
    private final List<Long> ours;
    private final double begin;

    Others(List<Long> ours) {
      this.ours = List.copyOf(ours);
      begin = seconds();
    }

    /** Processor time that they have had since this was made. */
    double cpuSeconds() {
      return Math.max(0, seconds() - begin);
    }

    private double seconds() {
      return busySeconds() - ours.stream().mapToDouble(Proc::cpuSeconds).sum();
    }
  }
}
