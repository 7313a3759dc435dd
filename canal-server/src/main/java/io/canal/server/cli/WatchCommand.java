package io.canal.server.cli;

import io.canal.client.CanalClient;
import io.canal.client.CanalConnector;
import io.canal.client.Change;
import io.canal.client.ChangeListener;
import io.canal.client.Message;
import io.canal.client.Operation;
import io.canal.client.Subscription;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.config.HostAndPort;
import io.canal.server.config.ServerSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the changes of a destination as they come, through the SDK. */
@Command(
    name = "watch",
    mixinStandardHelpOptions = true,
    description = {
      "Prints the changes of a destination as they happen; Ctrl-C ends it.",
      "It reads as a consumer of its own, which is removed at the end. With --client-id it takes"
          + " the place of that consumer, whose position moves on and stays.",
      "The first line says that it has subscribed: every later change will be shown."
    })
final class WatchCommand implements Callable<Integer> {
  private static final int FIRST_TEMPORARY_ID = 30_000;
  private static final int BATCH_SIZE = 1024;

  @Parameters(paramLabel = "DESTINATION", description = "Name of the folder in conf/.")
  private String destination;

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      description = "The server (default: that of conf/canal.properties).")
  private String server;

  @Option(names = "--user", defaultValue = "", description = "User, if the server wants one.")
  private String user;

  @Option(
      names = "--password-file",
      paramLabel = "FILE",
      description = "File whose first line is the password.")
  private Path passwordFile;

  @Option(
      names = "--filter",
      paramLabel = "REGEX",
      defaultValue = "",
      description = "Tables to show, as in 'shop\\..*,crm\\.customer' (default: all).")
  private String filter;

  @Option(
      names = "--count",
      paramLabel = "N",
      description = "End after N changed rows; statements do not count.")
  private long count = Long.MAX_VALUE;

  @Option(
      names = "--held",
      description = "Begin with what the server still holds, not with what comes from now on.")
  private boolean held;

  @Option(names = "--client-id", paramLabel = "ID", description = "Consumer, 1 to 32767.")
  private Integer clientId;

  @Option(
      names = "--color",
      paramLabel = "WHEN",
      defaultValue = "AUTO",
      description = "Colours: auto (on a terminal), always, never.")
  private Paint.When color;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (server == null) {
      server = configured().toString();
    }
    CanalClient client = client();
    subscribe(client);
    Watcher watcher = new Watcher(spec.commandLine().getOut(), Paint.when(color));
    watcher.start();
    Subscription subscription = client.subscribe(destination, filter, watcher);
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> end(client, subscription), "end-of-watch"));
    try {
      CompletableFuture.anyOf(watcher.done, subscription.closed()).join();
      return 0;
    } catch (CompletionException e) {
      return 1; // the error handler has told why
    }
  }

  private static HostAndPort configured() {
    ServerSettings settings = CanalCommand.settings("or give --server HOST:PORT");
    return CanalCommand.reachable(settings.bindHost(), settings.port());
  }

  private CanalClient client() throws IOException {
    HostAndPort address = HostAndPort.parse(server, 11111);
    int id =
        isTemporary()
            ? ThreadLocalRandom.current().nextInt(FIRST_TEMPORARY_ID, Short.MAX_VALUE + 1)
            : clientId;
    CanalClient.Builder builder =
        CanalClient.builder()
            .server(address.host(), address.port())
            .clientId(id)
            .batchSize(BATCH_SIZE)
            .errorHandler(this::report);
    if (!user.isEmpty()) {
      builder.user(user).password(PasswordFile.read(passwordFile));
    }
    return builder.build();
  }

  private boolean isTemporary() {
    return clientId == null;
  }

  /** Makes the consumer, and takes it past what the server holds. Fails where no server answers. */
  private void subscribe(CanalClient client) {
    CanalConnector connector = client.newConnector(destination);
    try {
      connector.connect();
      connector.subscribe(filter);
      connector.rollback();
      if (isTemporary() && !held) {
        Message message = connector.getWithoutAck(BATCH_SIZE);
        while (message.getId() != Message.NO_BATCH) {
          connector.ack(message.getId());
          message = connector.getWithoutAck(BATCH_SIZE);
        }
      }
    } finally {
      connector.disconnect();
    }
  }

  private void report(Subscription subscription, Exception failure) {
    boolean again = failure instanceof CanalException e && e.code() == ErrorCode.RETRY;
    PrintWriter err = spec.commandLine().getErr();
    err.println(
        spec.commandLine()
            .getColorScheme()
            .errorText(failure.getMessage() + (again ? "; trying again" : "")));
  }

  /** A temporary consumer that stayed would hold the server's log for ever. */
  private void end(CanalClient client, Subscription subscription) {
    subscription.close();
    if (isTemporary() && !subscription.closed().isCompletedExceptionally()) {
      CanalConnector connector = client.newConnector(destination);
      try {
        connector.connect();
        connector.unsubscribe();
        connector.disconnect();
      } catch (CanalException e) {
        report(subscription, e);
      }
    }
  }

  private final class Watcher implements ChangeListener {
    private final PrintWriter out;
    private final Paint paint;
    private final ChangePrinter printer;
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    // owned by the subscription's thread
    private long rows;

    Watcher(PrintWriter out, Paint paint) {
      this.out = out;
      this.paint = paint;
      printer = new ChangePrinter(out, paint, ZoneId.systemDefault());
    }

    void start() {
      String tables = filter.isEmpty() ? "" : ", tables " + filter;
      out.println(paint.faint("watching " + destination + " at " + server + tables));
      out.flush();
    }

    @Override
    public void onChange(Change change) {
      // what another consumer's position moves past is shown, even beyond the count
      if (rows < count || !isTemporary()) {
        printer.print(change);
        rows += change.operation() == Operation.DDL ? 0 : 1;
      }
    }

    @Override
    public void onBatchEnd() {
      out.flush();
      if (rows >= count) {
        done.complete(null);
      }
    }
  }
}
