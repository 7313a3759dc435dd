package io.canal.testing;

import java.util.List;

/**
 * A real MySQL with row-based binary log and GTIDs.
 *
 * <pre>{@code
 * @RegisterExtension static final MysqlServer mysql = MysqlServer.shared();
 * }</pre>
 */
public final class MysqlServer extends DatabaseServer {
  private static final Kind KIND = new Kind("mysql", "CANAL_TEST_MYSQL");
  private static final String NEWEST = "9.7";
  private static final MysqlServer SHARED = new MysqlServer(NEWEST, List.of(), true);

  private MysqlServer(String version, List<String> options, boolean shared) {
    super(KIND, version, options, shared);
  }

  /**
   * The newest MySQL, one for all tests of this JVM, which must neither stop it nor change its
   * global settings.
   */
  public static MysqlServer shared() {
    return SHARED;
  }

  /** A server of one class's own: version 9.7, 8.0 or 5.7. */
  public static MysqlServer of(String version) {
    return new MysqlServer(version, List.of(), false);
  }

  /**
   * The same server started with those options of mysqld, such as {@code
   * --binlog-row-metadata=FULL}.
   */
  public MysqlServer withOptions(String... options) {
    return new MysqlServer(version(), optionsAnd(options), false);
  }
}
