package io.canal.server.original;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import io.canal.protocol.CanalEntry.Entry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Alibaba Canal's own Java client, from Maven Central, in a process of its own: its jars stand in
 * {@code target/original-client}, where the build copies them, and want another protobuf than ours.
 * For one thread. What that client throws arrives as a {@link Failure} with its text.
 *
 * <pre>{@code
 * try (OriginalClient client = OriginalClient.start()) {
 *   client.connect(server.address(), "example", "canal", "canal");
 *   client.subscribe("shop\\..*");
 *   OriginalClient.Batch batch = client.getWithoutAck(1000, Duration.ofSeconds(5));
 *   client.ack(batch.id());
 * }
 * }</pre>
 */
public final class OriginalClient implements AutoCloseable {
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);
  private static final String PROGRAM = "OriginalClientMain.java";
  private static final String END = "end";

  /** What a get returned; id -1 without entries if nothing came. */
  public record Batch(long id, List<Entry> entries) {
    public Batch {
      entries = List.copyOf(entries);
    }
  }

  /** What the original client threw, as text. */
  public static final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Failure(String message) {
      super(message);
    }
  }

  private final Process process;
  private final Path directory;
  private final PrintStream commands;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

  private OriginalClient(Process process, Path directory) {
    this.process = process;
    this.directory = directory;
    commands = new PrintStream(process.getOutputStream(), true, UTF_8);
  }

  /** Starts the process, not connected to anything; takes about two seconds. */
  public static OriginalClient start() throws IOException {
    Path jars = Path.of("target", "original-client").toAbsolutePath();
    if (!Files.isDirectory(jars)) {
      throw new IllegalStateException(jars + " is missing: mvn process-test-resources copies it");
    }
    Path directory = Files.createTempDirectory("original-client");
    Path program = directory.resolve(PROGRAM);
    try (InputStream source = OriginalClient.class.getResourceAsStream(PROGRAM)) {
      Files.copy(source, program);
    }
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-Dfile.encoding=UTF-8",
                "-cp",
                jars + "/*",
                program.toString())
            .redirectError(directory.resolve("stderr").toFile())
            .start();
    OriginalClient client = new OriginalClient(process, directory);
    Thread reader = new Thread(client::readAnswers, "original-client-answers");
    reader.setDaemon(true);
    reader.start();
    client.answer("start");
    return client;
  }

  /** Connects to one server, and rolls back, as that client does. */
  public void connect(InetSocketAddress server, String destination, String user, String password) {
    execute(
        "single",
        server.getHostString(),
        Integer.toString(server.getPort()),
        destination,
        user,
        password);
  }

  /** Connects to the server that ZooKeeper names for the destination. */
  public void connectCluster(String zkServers, String destination, String user, String password) {
    execute("cluster", zkServers, destination, user, password);
  }

  /** Connects again as before, and subscribes again if it was subscribed. */
  public void reconnect() {
    execute("connect");
  }

  public void disconnect() {
    execute("disconnect");
  }

  public void subscribe(String filter) {
    execute("subscribe", filter);
  }

  public void unsubscribe() {
    execute("unsubscribe");
  }

  /** What is there now, acknowledged by the client itself. */
  public Batch get(int batchSize) {
    return batch(execute("get", Integer.toString(batchSize), ""));
  }

  public Batch get(int batchSize, Duration timeout) {
    return batch(execute("get", Integer.toString(batchSize), millis(timeout)));
  }

  /** What is there now. */
  public Batch getWithoutAck(int batchSize) {
    return batch(execute("getWithoutAck", Integer.toString(batchSize), ""));
  }

  public Batch getWithoutAck(int batchSize, Duration timeout) {
    return batch(execute("getWithoutAck", Integer.toString(batchSize), millis(timeout)));
  }

  public void ack(long batchId) {
    execute("ack", Long.toString(batchId));
  }

  public void rollback(long batchId) {
    execute("rollback", Long.toString(batchId));
  }

  public void rollback() {
    execute("rollback", "");
  }

  /** Kills the process as {@code kill -9} does; nothing can be asked any more. */
  public void kill() {
    process.destroyForcibly();
  }

  /** Ends the process without disconnecting first, and removes what it wrote. */
  @Override
  public void close() throws IOException {
    commands.close();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    Files.deleteIfExists(directory.resolve("stderr"));
    Files.deleteIfExists(directory.resolve(PROGRAM));
    Files.delete(directory);
  }

  private String execute(String... command) {
    String line = String.join("\t", command);
    commands.println(line);
    return answer(command[0]);
  }

  private String answer(String command) {
    String answer;
    try {
      answer = answers.poll(ANSWER_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while it does " + command, e);
    }
    if (answer == null) {
      throw new IllegalStateException(command + " has no answer after " + ANSWER_TIMEOUT);
    }
    if (answer.equals(END)) {
      answers.add(END);
      throw new IllegalStateException(command + " has no answer: the process ended\n" + stderr());
    }
    String[] fields = answer.split("\t", 2);
    if (!fields[0].equals("ok")) {
      throw new Failure(fields[1]);
    }
    return fields[1];
  }

  private void readAnswers() {
    try (BufferedReader reader = process.inputReader(UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        answers.add(line);
      }
    } catch (IOException e) {
      answers.add("error\t" + e);
    }
    answers.add(END);
  }

  private String stderr() {
    try {
      return Files.readString(directory.resolve("stderr"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static String millis(Duration timeout) {
    return Long.toString(timeout.toMillis());
  }

  private static Batch batch(String answer) {
    String[] fields = answer.split("\t", -1);
    List<Entry> entries = new ArrayList<>();
    for (String entry : Arrays.asList(fields).subList(1, fields.length)) {
      try {
        entries.add(Entry.parseFrom(Base64.getDecoder().decode(entry)));
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException("the original client's entry is malformed", e);
      }
    }
    return new Batch(Long.parseLong(fields[0]), entries);
  }
}
