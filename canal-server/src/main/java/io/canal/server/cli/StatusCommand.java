package io.canal.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.config.HostAndPort;
import io.canal.server.config.ServerSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Clock;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Asks a running server for its status and shows it. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = {
      "Shows what a running server does: destinations, consumers, positions, lags.",
      "Exit code 1 if it does not run or is not ready."
    })
final class StatusCommand implements Callable<Integer> {
  private static final int TIMEOUT_MS = 5000;

  @Option(
      names = "--http",
      paramLabel = "HOST:PORT",
      description = "HTTP port of the server (default: that of conf/canal.properties).")
  private String http;

  @Option(names = "--json", description = "Print the server's JSON as it is.")
  private boolean json;

  @Option(
      names = "--color",
      paramLabel = "WHEN",
      defaultValue = "AUTO",
      description = "Colours: auto (on a terminal), always, never.")
  private Paint.When color;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    HostAndPort address = http == null ? configured() : HostAndPort.parse(http, 11112);
    byte[] body = get(address);
    PrintWriter out = spec.commandLine().getOut();
    JsonNode status = new JsonMapper().readTree(body);
    if (json) {
      out.print(new String(body, UTF_8));
      out.flush();
    } else {
      new StatusScreen(out, Paint.when(color), Clock.systemUTC()).print(status);
    }
    return status.path("ready").asBoolean() ? 0 : 1;
  }

  private static HostAndPort configured() {
    ServerSettings settings = CanalCommand.settings("or give --http HOST:PORT");
    return CanalCommand.reachable(settings.httpHost(), settings.httpPort());
  }

  private static byte[] get(HostAndPort address) {
    try {
      HttpURLConnection connection =
          (HttpURLConnection) URI.create("http://" + address + "/status").toURL().openConnection();
      connection.setConnectTimeout(TIMEOUT_MS);
      connection.setReadTimeout(TIMEOUT_MS);
      try (InputStream in = connection.getInputStream()) {
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw new CanalException(
          ErrorCode.RETRY, "no server answers at " + address + " (" + e.getMessage() + ")", e);
    }
  }
}
