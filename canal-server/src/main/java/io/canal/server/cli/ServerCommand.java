package io.canal.server.cli;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.CanalServer;
import io.canal.server.config.Configuration;
import io.canal.server.config.ConfigurationLoader;
import io.canal.server.config.Problem;
import io.canal.server.status.ServerStatus;
import io.canal.server.status.StatusSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Runs the server in the foreground until it is told to stop. Owns what concerns the process: the
 * configuration's problems, the state file that {@code bin/startup.sh} reads, the shutdown hook.
 */
@Command(
    name = "server",
    mixinStandardHelpOptions = true,
    description = {
      "Runs the server in the foreground, as in a container; Ctrl-C or SIGTERM stops it.",
      "The log goes to the console; CANAL_LOG=file writes logs/canal/canal.log instead."
    })
final class ServerCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(ServerCommand.class);
  private static final long STATE_PERIOD_MS = 100;

  @Option(
      names = "--state-file",
      hidden = true,
      description = "Where to write 'ready', 'starting' or 'stopped' and the reasons, a line each.")
  private Path stateFile;

  @Override
  public Integer call() throws InterruptedException {
    Configuration configuration = ConfigurationLoader.load(CanalCommand.home(), System.getenv());
    configuration.notices().forEach(LOG::info);
    configuration.problems().forEach(problem -> LOG.error("{}", problem));
    if (configuration.server().isEmpty()) {
      throw new CanalException(ErrorCode.STOP_SERVER, describe(configuration.problems()));
    }
    CanalServer server = CanalServer.start(configuration);
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, stopped), "shutdown"));
    if (stateFile != null) {
      followStart(server, stopped);
    }
    stopped.await();
    return 0;
  }

  private static void stop(CanalServer server, CountDownLatch stopped) {
    try {
      LOG.info("stopping");
      server.close();
      LOG.info("stopped");
    } finally {
      stopped.countDown();
    }
  }

  private static String describe(List<Problem> problems) {
    StringBuilder text = new StringBuilder("the configuration is wrong:");
    problems.forEach(problem -> text.append("\n  ").append(problem));
    return text.toString();
  }

  /** Writes the state until the server is ready for the first time, or cannot become it. */
  private void followStart(StatusSource source, CountDownLatch stopped)
      throws InterruptedException {
    List<String> written = List.of();
    ServerStatus status;
    do {
      status = source.status();
      List<String> lines = new ArrayList<>();
      lines.add(status.isReady() ? "ready" : status.isStopped() ? "stopped" : "starting");
      status.address().ifPresent(address -> lines.add("Clients connect to " + address));
      lines.addAll(status.reasons());
      if (!lines.equals(written)) {
        write(lines);
        written = lines;
      }
    } while (!status.isReady()
        && !status.isStopped()
        && !stopped.await(STATE_PERIOD_MS, TimeUnit.MILLISECONDS));
  }

  private void write(List<String> lines) {
    try {
      Path next = stateFile.resolveSibling(stateFile.getFileName() + ".next");
      Files.write(next, lines);
      Files.move(next, stateFile, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
