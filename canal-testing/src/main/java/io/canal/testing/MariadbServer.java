package io.canal.testing;

import java.util.List;

/** A real MariaDB with row-based binary log. */
public final class MariadbServer extends DatabaseServer {
  private static final Kind KIND = new Kind("mariadb", "CANAL_TEST_MARIADB");
  private static final String NEWEST = "11.8";
  private static final MariadbServer SHARED = new MariadbServer(NEWEST, List.of(), true);

  private MariadbServer(String version, List<String> options, boolean shared) {
    super(KIND, version, options, shared);
  }

  /**
   * The newest MariaDB, one for all tests of this JVM, which must neither stop it nor change its
   * global settings.
   */
  public static MariadbServer shared() {
    return SHARED;
  }

  /** A server of one class's own: version 11.8 or 10.11. */
  public static MariadbServer of(String version) {
    return new MariadbServer(version, List.of(), false);
  }

  /** The same server started with those options of mariadbd. */
  public MariadbServer withOptions(String... options) {
    return new MariadbServer(version(), optionsAnd(options), false);
  }
}
