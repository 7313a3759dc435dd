package io.canal.testing;

import java.nio.file.Path;
import java.util.Optional;

/** Where a database of the tests runs. Called by one {@link DatabaseServer}, under its lock. */
interface DatabaseHost {
  /**
   * Starts the server, with the data it had if it ran before; it may take connections only later.
   */
  void start() throws Exception;

  void stop() throws Exception;

  /** SIGKILL: nothing is flushed. */
  void kill() throws Exception;

  /** Ends the server for good; its data is gone. */
  void delete();

  boolean alive();

  String host();

  int port();

  String user();

  String password();

  Optional<Path> dataDirectory();

  String logTail();
}
