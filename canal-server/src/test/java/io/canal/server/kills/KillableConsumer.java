package io.canal.server.kills;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.client.CanalClient;
import io.canal.client.CanalConnector;
import io.canal.client.Message;
import io.canal.protocol.CanalEntry.Entry;
import io.canal.protocol.CanalEntry.EntryType;
import io.canal.protocol.CanalEntry.Pair;
import io.canal.protocol.CanalEntry.RowChange;
import io.canal.protocol.CanalEntry.RowData;
import io.canal.protocol.CanalException;
import io.canal.protocol.Gtid;
import io.canal.server.CanalHome;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * A consumer in a JVM of its own, started and killed as often as wanted. What it gets and does goes
 * to a file, which {@link Deliveries} reads; a batch is written before it is acknowledged. It holds
 * several batches at times, and takes some back. For one thread.
 *
 * <pre>
 * S millis       a session begins
 * R number text  a row of the transaction with that GTID number, see {@link RowText}
 * B batch        the rows before belong to that batch, which is complete
 * A batch millis it was acknowledged
 * C              all that is not acknowledged was rolled back
 * </pre>
 */
final class KillableConsumer {
  private static final long PAUSE_MS = 50;

  private final CanalHome home;
  private final String destination;
  private final int clientId;
  private final String filter;
  private final Path file;
  private Process process;

  KillableConsumer(CanalHome home, String destination, int clientId, String filter) {
    this.home = home;
    this.destination = destination;
    this.clientId = clientId;
    this.filter = filter;
    this.file = home.path().resolve("consumer-" + clientId);
  }

  int clientId() {
    return clientId;
  }

  Path file() {
    return file;
  }

  void start(long seed) throws IOException {
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                KillableConsumer.class.getName(),
                home.host(),
                Integer.toString(home.port()),
                destination,
                Integer.toString(clientId),
                filter,
                file.toString(),
                Long.toString(seed))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(file.resolveSibling("log").toFile()))
            .start();
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    if (process != null) {
      process.destroyForcibly().waitFor();
    }
  }

  public static void main(String[] arguments) throws Exception {
    Thread parent = new Thread(KillableConsumer::endWithParent, "parent");
    parent.setDaemon(true);
    parent.start();
    CanalConnector connector =
        CanalClient.builder()
            .server(arguments[0], Integer.parseInt(arguments[1]))
            .clientId(Integer.parseInt(arguments[3]))
            .build()
            .newConnector(arguments[2]);
    Random random = new Random(Long.parseLong(arguments[6]));
    try (OutputStream file = new FileOutputStream(arguments[5], true)) {
      write(file, "\n"); // behind what the process before was killed in
      while (true) {
        try {
          connector.connect();
          connector.subscribe(arguments[4]);
          write(file, "S " + System.currentTimeMillis() + "\n");
          consume(connector, file, random);
        } catch (CanalException e) {
          System.out.println(e.getMessage());
          connector.disconnect();
          Thread.sleep(PAUSE_MS);
        }
      }
    }
  }

  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {
        // open as long as the parent lives
      }
    } catch (IOException e) {
      // as good as its end
    }
    Runtime.getRuntime().halt(1);
  }

  private static void consume(CanalConnector connector, OutputStream file, Random random)
      throws IOException {
    Deque<Long> held = new ArrayDeque<>();
    while (true) {
      Message batch = connector.getWithoutAck(1 + random.nextInt(256), 500L, TimeUnit.MILLISECONDS);
      if (batch.getId() != Message.NO_BATCH) {
        write(file, lines(batch));
        held.add(batch.getId());
        if (random.nextInt(100) == 0) {
          connector.rollback();
          held.clear();
          write(file, "C\n");
        } else if (held.size() < 3 && random.nextInt(4) == 0) {
          continue;
        }
      }
      while (!held.isEmpty()) {
        long id = held.remove();
        connector.ack(id);
        write(file, "A " + id + " " + System.currentTimeMillis() + "\n");
      }
    }
  }

  private static void write(OutputStream file, String lines) throws IOException {
    file.write(lines.getBytes(UTF_8));
  }

  private static String lines(Message batch) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (Entry entry : batch.getEntries()) {
      if (entry.getEntryType() != EntryType.ROWDATA) {
        continue;
      }
      RowChange change = RowChange.parseFrom(entry.getStoreValue());
      if (change.getIsDdl()) {
        continue;
      }
      long number = gtidNumber(entry.getHeader().getPropsList());
      for (RowData row : change.getRowDatasList()) {
        lines
            .append("R ")
            .append(number)
            .append(' ')
            .append(
                RowText.of(
                    entry.getHeader().getTableName(),
                    change.getEventType(),
                    row.getBeforeColumnsList(),
                    row.getAfterColumnsList()))
            .append('\n');
      }
    }
    return lines.append("B ").append(batch.getId()).append('\n').toString();
  }

  private static long gtidNumber(List<Pair> properties) {
    return properties.stream()
        .filter(property -> property.getKey().equals("curtGtid"))
        .map(property -> Gtid.parse(property.getValue()).number())
        .findFirst()
        .orElseThrow();
  }
}
