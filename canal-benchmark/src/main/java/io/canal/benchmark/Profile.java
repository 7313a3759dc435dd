package io.canal.benchmark;

import static java.util.Comparator.comparingLong;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;

/** Where a JVM spent its time and its bytes, by kind of thread, out of a Flight Recorder's file. */
final class Profile {
  private static final String SAMPLE = "jdk.ExecutionSample";
  private static final String NATIVE_SAMPLE = "jdk.NativeMethodSample";
  private static final String ALLOCATION = "jdk.ObjectAllocationSample";
  private static final int METHODS = 15;
  private static final double LEAST_SHARE = 0.02;

  private final Weights time = new Weights();
  private final Weights bytes = new Weights();

  private Profile() {}

  static Profile of(Path recording) throws IOException {
    Profile profile = new Profile();
    try (RecordingFile events = new RecordingFile(recording)) {
      while (events.hasMoreEvents()) {
        RecordedEvent event = events.readEvent();
        switch (event.getEventType().getName()) {
          case SAMPLE, NATIVE_SAMPLE -> profile.time.add(event, "sampledThread", 1);
          case ALLOCATION -> profile.bytes.add(event, "eventThread", event.getLong("weight"));
          default -> {}
        }
      }
    }
    return profile;
  }

  /** As Markdown. */
  String text() {
    return "### Time\n\n" + time.text() + "\n### Allocated bytes\n\n" + bytes.text();
  }

  /** Of one kind of event. */
  private static final class Weights {
    private final Map<String, Stacks> byThread = new HashMap<>();
    private long total;

    void add(RecordedEvent event, String threadField, long weight) {
      if (event.getStackTrace() == null) {
        return;
      }
      RecordedThread thread = event.getThread(threadField);
      String name = thread == null ? "?" : String.valueOf(thread.getJavaName());
      total += weight;
      byThread
          .computeIfAbsent(name.replaceAll("[0-9]+", "*"), unused -> new Stacks())
          .add(event.getStackTrace().getFrames(), weight);
    }

    String text() {
      StringBuilder text = new StringBuilder();
      byThread.entrySet().stream()
          .filter(entry -> entry.getValue().total >= LEAST_SHARE * total)
          .sorted(comparingLong(entry -> -entry.getValue().total))
          .forEach(
              entry -> {
                text.append(
                    String.format(
                        Locale.ROOT,
                        "**%s**: %.0f %%%n%n",
                        entry.getKey(),
                        100.0 * entry.getValue().total / total));
                entry.getValue().print(total, text);
              });
      return text.toString();
    }
  }

  /** Of one kind of thread. */
  private static final class Stacks {
    private final Map<String, Long> top = new HashMap<>();
    private final Map<String, Long> within = new HashMap<>();
    private long total;

    void add(List<RecordedFrame> frames, long weight) {
      Set<String> methods = new LinkedHashSet<>();
      frames.forEach(frame -> methods.add(name(frame.getMethod())));
      if (methods.isEmpty()) {
        return;
      }
      total += weight;
      top.merge(methods.iterator().next(), weight, Long::sum);
      methods.forEach(method -> within.merge(method, weight, Long::sum));
    }

    private static String name(RecordedMethod method) {
      String type = method.getType().getName();
      return type.substring(type.lastIndexOf('.') + 1) + "." + method.getName();
    }

    /** Shares of all threads: in the method itself, and with what it calls. */
    void print(long all, StringBuilder text) {
      text.append("| method | itself | with what it calls |\n|---|---|---|\n");
      top.entrySet().stream()
          .sorted(comparingLong(entry -> -entry.getValue()))
          .limit(METHODS)
          .forEach(
              entry ->
                  text.append(
                      String.format(
                          Locale.ROOT,
                          "| %s | %.1f %% | %.1f %% |%n",
                          entry.getKey(),
                          100.0 * entry.getValue() / all,
                          100.0 * within.get(entry.getKey()) / all)));
      text.append('\n');
    }
  }
}
