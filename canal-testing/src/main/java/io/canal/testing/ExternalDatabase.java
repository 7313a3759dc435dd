package io.canal.testing;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A server that somebody else runs, named by an environment variable: {@code
 * CANAL_TEST_MYSQL=host:port} with {@code CANAL_TEST_MYSQL_USER} (root) and {@code
 * CANAL_TEST_MYSQL_PASSWORD} (empty). It is only used, never started or stopped.
 */
record ExternalDatabase(String host, int port, String user, String password)
    implements DatabaseHost {

  /** The server that the variable names, or empty when it is not set. */
  static Optional<DatabaseHost> from(Map<String, String> environment, String variable) {
    String address = environment.get(variable);
    if (address == null || address.isBlank()) {
      return Optional.empty();
    }
    int colon = address.lastIndexOf(':');
    if (colon < 1 || !address.substring(colon + 1).matches("\\d{1,5}")) {
      throw new IllegalArgumentException(
          variable + ": expected host:port, found '" + address + "'");
    }
    return Optional.of(
        new ExternalDatabase(
            address.substring(0, colon),
            Integer.parseInt(address.substring(colon + 1)),
            environment.getOrDefault(variable + "_USER", "root"),
            environment.getOrDefault(variable + "_PASSWORD", "")));
  }

  @Override
  public void start() {
    // it runs already
  }

  @Override
  public void stop() {
    throw new UnsupportedOperationException(
        "the server at " + host + ":" + port + " is not ours to stop");
  }

  @Override
  public void kill() {
    throw new UnsupportedOperationException(
        "the server at " + host + ":" + port + " is not ours to kill");
  }

  @Override
  public void delete() {
    // it is not ours
  }

  @Override
  public boolean alive() {
    return true;
  }

  @Override
  public Optional<Path> dataDirectory() {
    return Optional.empty();
  }

  @Override
  public String logTail() {
    return "(not ours: it is named in the environment)";
  }

  @Override
  public String toString() {
    return user + "@" + host + ":" + port;
  }
}
