package io.canal.server.cli;

import static io.canal.server.cli.StatusScreen.bytes;
import static io.canal.server.cli.StatusScreen.duration;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** Lays the JSON of positions out for a terminal. */
final class PositionScreen {
  private static final Duration SOON = Duration.ofHours(24);

  private final PrintWriter out;
  private final Paint paint;
  private final Clock clock;

  PositionScreen(PrintWriter out, Paint paint, Clock clock) {
    this.out = requireNonNull(out, "out is null");
    this.paint = requireNonNull(paint, "paint is null");
    this.clock = requireNonNull(clock, "clock is null");
  }

  void show(JsonNode answer) {
    for (JsonNode destination : answer.path("destinations")) {
      show(destination.path("destination").asText(), destination);
    }
  }

  private void show(String name, JsonNode destination) {
    JsonNode log = destination.path("log");
    out.printf(
        "%s  %s, source %s %s%n",
        paint.bold(name),
        destination.path("state").asText(),
        destination.path("source").asText(),
        log.isObject()
            ? "has %s (%s)".formatted(range(log), bytes(log.path("bytes").asLong()))
            : paint.yellow("does not answer: " + destination.path("problem").asText()));
    if (destination.path("consumers").isEmpty()) {
      out.println("  no consumer");
    }
    for (JsonNode consumer : destination.path("consumers")) {
      show(name, log, consumer);
    }
  }

  private static String range(JsonNode log) {
    String oldest = log.path("oldestFile").asText();
    String newest = log.path("newestFile").asText();
    return oldest.equals(newest) ? oldest : oldest + " to " + newest;
  }

  private void show(String destination, JsonNode log, JsonNode consumer) {
    String client = consumer.path("clientId").asText();
    String filter = consumer.path("filter").asText();
    out.printf(
        "  %s  %s, %s%s%n",
        paint.bold(client),
        consumer.path("state").asText(),
        consumer.path("address").isTextual()
            ? "connected from " + consumer.path("address").asText()
            : "not connected",
        filter.isEmpty() ? "" : ", filter " + filter);
    if (consumer.path("reason").isTextual()) {
      out.println("    " + paint.red(consumer.path("reason").asText()));
    }
    JsonNode place = consumer.path("place");
    if (!place.isObject()) {
      out.println("    position  none yet");
      return;
    }
    print(place);
    long lagMs = consumer.path("lagMs").asLong();
    out.printf("    behind    %s%s%n", behind(place), lagMs > 0 ? ", lag " + duration(lagMs) : "");
    if (log.isObject()) {
      out.printf("    purge     %s%n", purge(destination, client, log, place));
    }
  }

  private void print(JsonNode place) {
    if (place.path("file").isTextual()) {
      out.printf("    position  %s%n", fileAndOffset(place));
    }
    if (place.path("gtids").isTextual()) {
      String gtids = place.path("gtids").asText();
      out.printf("    gtids     %s%n", gtids.isEmpty() ? "none" : gtids);
    }
  }

  private static String fileAndOffset(JsonNode place) {
    return place.path("file").asText() + ":" + place.path("offset").asLong();
  }

  private static String behind(JsonNode place) {
    String bytes =
        place.path("bytesBehind").isNumber() ? bytes(place.path("bytesBehind").asLong()) : "";
    String transactions =
        place.path("transactionsBehind").isNumber()
            ? "%,d transactions".formatted(place.path("transactionsBehind").asLong())
            : "";
    if (bytes.isEmpty() && transactions.isEmpty()) {
      return "not known";
    }
    return bytes.isEmpty() || transactions.isEmpty()
        ? bytes + transactions
        : bytes + ", " + transactions;
  }

  private String purge(String destination, String client, JsonNode log, JsonNode place) {
    if (place.path("missing").isTextual()) {
      return paint.red(
          "it cannot go on, the source has purged %s; see `bin/canal position set %s %s earliest`"
              .formatted(place.path("missing").asText(), destination, client));
    }
    if (!place.path("filesKept").isNumber()) {
      return "all that it needs is there";
    }
    long files = place.path("filesKept").asLong();
    if (files == 0 && log.path("files").asLong() > 1) {
      return paint.yellow(
          "it is in the oldest file: the next purge takes what it needs" + from(place));
    }
    String away =
        files == 0
            ? "there is only this file"
            : "%,d files (%s) away".formatted(files, bytes(place.path("bytesKept").asLong()));
    boolean soon =
        place.path("purgedFrom").isTextual()
            && Instant.parse(place.path("purgedFrom").asText())
                .isBefore(clock.instant().plus(SOON));
    String line = away + from(place);
    return soon ? paint.yellow(line) : line;
  }

  private static String from(JsonNode place) {
    return place.path("purgedFrom").isTextual()
        ? ", its own file by age from " + place.path("purgedFrom").asText()
        : "";
  }

  void changed(JsonNode change) {
    boolean dryRun = change.path("dryRun").asBoolean();
    JsonNode before = change.path("before");
    JsonNode after = change.path("after");
    String what =
        after.isObject()
            ? (dryRun ? "would go" : "goes") + (before.isObject() ? distance(before, after) : "")
            : dryRun ? "would be forgotten" : "is forgotten";
    out.printf(
        "%s %s%n",
        paint.bold(change.path("destination").asText() + " " + change.path("clientId").asText()),
        what);
    if (before.isObject()) {
      out.println("  from");
      print(before);
    }
    if (after.isObject()) {
      out.println("  to");
      print(after);
      out.printf("    behind    %s%n", behind(after));
    }
    change.path("notes").forEach(note -> out.println("  " + paint.yellow(note.asText())));
    if (dryRun) {
      out.println("  nothing was changed");
    }
  }

  /** {@code back by 2.0 GiB, 14 transactions}. */
  private static String distance(JsonNode before, JsonNode after) {
    long bytes = difference(before, after, "bytesBehind");
    long transactions = difference(before, after, "transactionsBehind");
    long either = bytes != 0 ? bytes : transactions;
    if (either == 0) {
      return "";
    }
    StringBuilder text = new StringBuilder(either > 0 ? " back by" : " on, past");
    if (bytes != 0) {
      text.append(' ').append(bytes(Math.abs(bytes)));
    }
    if (transactions != 0) {
      text.append(bytes != 0 ? ", " : " ")
          .append("%,d transactions".formatted(Math.abs(transactions)));
    }
    return text.toString();
  }

  /** 0 where it is not known. */
  private static long difference(JsonNode before, JsonNode after, String field) {
    return before.path(field).isNumber() && after.path(field).isNumber()
        ? after.path(field).asLong() - before.path(field).asLong()
        : 0;
  }
}
