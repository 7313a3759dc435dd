package io.canal.server.config;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The keys of Alibaba Canal's files that are no settings here. One without effect is accepted, and
 * a notice says why; one whose effect would be missed is a problem unless its value asks for
 * nothing.
 */
final class ForeignKeys {
  /**
   * One such key; {@code *} at its end stands for any rest.
   *
   * @param accepted the values that are no problem, besides the empty one; empty if all are
   * @param reason why it has no effect, or what is missed
   */
  record ForeignKey(String key, Set<String> accepted, String reason) {
    ForeignKey {
      requireNonNull(key, "key is null");
      accepted = Set.copyOf(accepted);
      requireNonNull(reason, "reason is null");
    }

    boolean matches(String other) {
      return key.endsWith("*")
          ? other.startsWith(key.substring(0, key.length() - 1))
          : other.equals(key);
    }

    boolean accepts(String value) {
      return value.isEmpty() || accepted.isEmpty() || accepted.contains(value);
    }

    /** Whether the key never matters, so that a notice is due where it is set. */
    boolean isIgnored() {
      return accepted.isEmpty();
    }
  }

  private static final String TCP_MODE =
      "message queues are not built yet, canal.serverMode is tcp";
  private static final String SCHEMA =
      "table schemas come with the rows (binlog_row_metadata=FULL) or from information_schema";
  private static final String ADMIN = "there is no admin server";
  private static final String FAILOVER = "failover to a standby is not built yet";
  private static final String COLUMNS = "filtering columns is not built yet";
  private static final String OPERATIONS = "filtering by kind of change is not built yet";
  private static final String RDS = "reading archived binlogs from object storage is not built yet";
  private static final String WATCHED = "replication heartbeats watch the connection";
  private static final String DECODING = "decoding is always parallel where it pays";
  private static final String BUFFERS = "the system sizes socket buffers";
  private static final String CLIENT_CERTIFICATE = "client certificates are not built yet";
  private static final String DRUID =
      "encrypted passwords are not built yet; set the plain one, for example in an environment"
          + " variable";

  private static final String NEVER_RAW = "entries are always kept as bytes";

  static final List<ForeignKey> ALL =
      List.of(
          ignored("canal.id", "a server is known by its address"),
          ignored("canal.socketChannel", TCP_MODE),
          only("canal.withoutNetty", "the TCP port cannot be turned off", "false"),
          only("canal.destinations.expr", "list the names in canal.destinations"),
          ignored("canal.auto.scan.interval", "folders are scanned once, at start"),
          only(
              "canal.auto.reset.latest.pos.mode",
              "changes are never skipped silently; reset the position by hand",
              "false"),
          only("canal.admin.manager", ADMIN),
          ignored("canal.admin.port", ADMIN),
          ignored("canal.admin.user", ADMIN),
          ignored("canal.admin.passwd", ADMIN),
          ignored("canal.admin.register.auto", ADMIN),
          ignored("canal.admin.register.cluster", ADMIN),
          ignored("canal.admin.register.name", ADMIN),
          only("canal.instance.global.mode", "files are the only source of settings", "spring"),
          ignored("canal.instance.global.lazy", "destinations start with the server"),
          ignored("canal.instance.global.manager.address", ADMIN),
          only(
              "canal.instance.global.spring.xml",
              "positions go to ZooKeeper where canal.zkServers is set, else to files; several"
                  + " sources in one destination are not built",
              "classpath:spring/file-instance.xml",
              "classpath:spring/default-instance.xml",
              "classpath:spring/memory-instance.xml"),
          ignored("canal.instance.memory.rawEntry", NEVER_RAW),
          ignored("canal.instance.detecting.enable", WATCHED),
          ignored("canal.instance.detecting.sql", WATCHED),
          ignored("canal.instance.detecting.interval.time", WATCHED),
          ignored("canal.instance.detecting.retry.threshold", WATCHED),
          only("canal.instance.detecting.heartbeatHaEnable", FAILOVER, "false"),
          ignored("canal.instance.transaction.size", "transactions are never cut into several"),
          ignored("canal.instance.fallbackIntervalInSeconds", FAILOVER),
          ignored("canal.instance.network.receiveBufferSize", BUFFERS),
          ignored("canal.instance.network.sendBufferSize", BUFFERS),
          ignored("canal.instance.filter.druid.ddl", "statements are not parsed by Druid"),
          only("canal.instance.filter.query.dcl", OPERATIONS, "false"),
          only("canal.instance.filter.query.dml", OPERATIONS, "false"),
          only("canal.instance.filter.query.ddl", OPERATIONS, "false"),
          only("canal.instance.filter.dml.insert", OPERATIONS, "false"),
          only("canal.instance.filter.dml.update", OPERATIONS, "false"),
          only("canal.instance.filter.dml.delete", OPERATIONS, "false"),
          only("canal.instance.filter.rows", OPERATIONS, "false"),
          only("canal.instance.filter.transaction.entry", OPERATIONS, "false"),
          only(
              "canal.instance.filter.table.error",
              "a table whose rows cannot be decoded is never skipped silently",
              "false"),
          only("canal.instance.filter.field", COLUMNS),
          only("canal.instance.filter.black.field", COLUMNS),
          only(
              "canal.instance.binlog.format",
              "rows need ROW; a check for something else is not built",
              "ROW,STATEMENT,MIXED",
              "ROW"),
          only(
              "canal.instance.binlog.image",
              "a check of binlog_row_image is not built; every image is read",
              "FULL,MINIMAL,NOBLOB"),
          only(
              "canal.instance.get.ddl.isolation",
              "giving each DDL a batch of its own is not built yet",
              "false"),
          ignored("canal.instance.parser.parallel", DECODING),
          ignored("canal.instance.parser.parallelThreadSize", DECODING),
          ignored("canal.instance.parser.parallelBufferSize", DECODING),
          ignored("canal.instance.tsdb.enable", SCHEMA),
          ignored("canal.instance.tsdb.dir", SCHEMA),
          ignored("canal.instance.tsdb.url", SCHEMA),
          ignored("canal.instance.tsdb.dbUsername", SCHEMA),
          ignored("canal.instance.tsdb.dbPassword", SCHEMA),
          ignored("canal.instance.tsdb.snapshot.interval", SCHEMA),
          ignored("canal.instance.tsdb.snapshot.expire", SCHEMA),
          ignored("canal.instance.tsdb.spring.xml", SCHEMA),
          only("canal.instance.rds.accesskey", RDS),
          only("canal.instance.rds.secretkey", RDS),
          only("canal.instance.rds.instanceId", RDS),
          ignored("canal.aliyun.accessKey", TCP_MODE),
          ignored("canal.aliyun.secretKey", TCP_MODE),
          ignored("canal.aliyun.uid", TCP_MODE),
          only("canal.instance.multi.stream.on", "PolarDB-X streams are not built", "false"),
          only("canal.instance.master.tlsVersions", "choosing TLS versions is not built yet"),
          ignored(
              "canal.instance.master.trustCertificateKeyStoreType",
              "the format of a trust store is seen from its content"),
          only("canal.instance.master.clientCertificateKeyStoreUrl", CLIENT_CERTIFICATE),
          ignored("canal.instance.master.clientCertificateKeyStoreType", CLIENT_CERTIFICATE),
          ignored("canal.instance.master.clientCertificateKeyStorePassword", CLIENT_CERTIFICATE),
          only("canal.instance.standby.address", FAILOVER),
          only("canal.instance.standby.journal.name", FAILOVER),
          only("canal.instance.standby.position", FAILOVER),
          only("canal.instance.standby.timestamp", FAILOVER),
          only("canal.instance.standby.gtid", FAILOVER),
          ignored("canal.instance.standby.sslMode", FAILOVER),
          ignored("canal.instance.standby.tlsVersions", FAILOVER),
          ignored("canal.instance.standby.trustCertificateKeyStore*", FAILOVER),
          ignored("canal.instance.standby.clientCertificateKeyStore*", FAILOVER),
          ignored(
              "canal.instance.connectionCharset", "text is decoded by its column's character set"),
          ignored("canal.instance.defaultDatabaseName", "the connection needs no default schema"),
          only("canal.instance.enableDruid", DRUID, "false"),
          ignored("canal.instance.pwdPublicKey", "canal.instance.enableDruid is not built yet"),
          ignored("canal.mq.*", TCP_MODE),
          ignored("kafka.*", TCP_MODE),
          ignored("rocketmq.*", TCP_MODE),
          ignored("rabbitmq.*", TCP_MODE),
          ignored("pulsarmq.*", TCP_MODE));

  private ForeignKeys() {}

  /**
   * Finds what is known of a key; {@code canal.instance.<destination>.lazy} and the like mean what
   * they mean with {@code global}.
   */
  static Optional<ForeignKey> find(String key, Set<String> destinations) {
    String general = key;
    for (String destination : destinations) {
      String prefix = "canal.instance." + destination + ".";
      if (key.startsWith(prefix)) {
        general = "canal.instance.global." + key.substring(prefix.length());
      }
    }
    String wanted = general;
    return ALL.stream().filter(known -> known.matches(key) || known.matches(wanted)).findFirst();
  }

  private static ForeignKey ignored(String key, String reason) {
    return new ForeignKey(key, Set.of(), reason);
  }

  /** A key whose effect would be missed; without values, only an empty one is accepted. */
  private static ForeignKey only(String key, String reason, String... accepted) {
    return new ForeignKey(key, accepted.length == 0 ? Set.of("") : Set.of(accepted), reason);
  }
}
