package io.canal.server.cli;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Lays the JSON of {@code /status} out for a terminal. */
final class StatusScreen {
  private static final String CONSUMER = "    %-12s %-11s %-10s %-8s %-22s %-28s %s%n";

  private final PrintWriter out;
  private final Paint paint;
  private final Clock clock;

  StatusScreen(PrintWriter out, Paint paint, Clock clock) {
    this.out = requireNonNull(out, "out is null");
    this.paint = requireNonNull(paint, "paint is null");
    this.clock = requireNonNull(clock, "clock is null");
  }

  void print(JsonNode status) {
    boolean ready = status.path("ready").asBoolean();
    out.printf(
        "Canal %s, clients connect to %s, up %s, %s%n",
        text(status, "version"),
        text(status, "address"),
        age(text(status, "started")),
        ready ? paint.green("ready") : paint.red("not ready"));
    status.path("reasons").forEach(reason -> out.println("  " + paint.yellow(reason.asText())));
    status.path("instances").forEach(this::printInstance);
    out.flush();
  }

  private void printInstance(JsonNode instance) {
    String state = text(instance, "state");
    String painted =
        switch (state) {
          case "RUNNING" -> paint.green(state);
          case "STOPPED" -> paint.red(state);
          default -> paint.yellow(state);
        };
    out.printf(
        "%n%s  %s for %s, source %s%n",
        paint.bold(text(instance, "destination")),
        painted,
        age(text(instance, "since")),
        text(instance, "source"));
    out.printf("    position  %s%n", text(instance, "position"));
    out.printf(
        "    lag %s, log %s of %s and on disk %s of %s, received %,d transactions, %,d events, %s%n",
        duration(instance.path("lagMs").asLong()),
        bytes(instance.path("logBytes").asLong()),
        bytes(instance.path("logBudgetBytes").asLong()),
        bytes(instance.path("logDiskBytes").asLong()),
        bytes(instance.path("logDiskBudgetBytes").asLong()),
        instance.path("transactions").asLong(),
        instance.path("events").asLong(),
        bytes(instance.path("bytes").asLong()));
    if (instance.path("consumers").isEmpty()) {
      out.println("    no consumer");
      return;
    }
    out.printf(
        CONSUMER, "CLIENT", "STATE", "LAG", "UNACKED", "CONNECTED FROM", "POSITION", "FILTER");
    for (JsonNode consumer : instance.path("consumers")) {
      out.printf(
          CONSUMER,
          text(consumer, "clientId"),
          text(consumer, "state"),
          duration(consumer.path("lagMs").asLong()),
          consumer.path("outstandingBatches").asLong(),
          text(consumer, "address"),
          fileAndOffset(text(consumer, "position")),
          text(consumer, "filter"));
      String reason = text(consumer, "reason");
      if (!reason.equals("-")) {
        out.println("      " + paint.red(reason));
      }
    }
  }

  private static String text(JsonNode node, String field) {
    String text = node.path(field).asText("");
    return text.isEmpty() || node.path(field).isNull() ? "-" : text;
  }

  /** {@code binlog.000042:1187} of a position's text form. */
  private static String fileAndOffset(String position) {
    String file = value(position, "file");
    return file.isEmpty() ? position : file + ":" + value(position, "offset");
  }

  private static String value(String position, String key) {
    for (String pair : position.split(";", -1)) {
      if (pair.startsWith(key + "=")) {
        return pair.substring(key.length() + 1);
      }
    }
    return "";
  }

  private String age(String instant) {
    return instant.equals("-")
        ? instant
        : duration(
            Math.max(0, Duration.between(Instant.parse(instant), clock.instant()).toMillis()));
  }

  static String duration(long ms) {
    Duration duration = Duration.ofMillis(ms);
    if (duration.toSeconds() < 1) {
      return ms + " ms";
    }
    if (duration.toMinutes() < 1) {
      return "%.1f s".formatted(ms / 1000.0);
    }
    if (duration.toHours() < 1) {
      return "%d min %d s".formatted(duration.toMinutes(), duration.toSecondsPart());
    }
    if (duration.toDays() < 1) {
      return "%d h %d min".formatted(duration.toHours(), duration.toMinutesPart());
    }
    return "%d d %d h".formatted(duration.toDays(), duration.toHoursPart());
  }

  static String bytes(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = -1;
    do {
      value /= 1024;
      unit++;
    } while (value >= 1024 && unit < 4);
    return String.format(Locale.ROOT, "%.1f %siB", value, "KMGTP".charAt(unit));
  }
}
