package io.canal.server.config;

import static java.util.Objects.requireNonNull;

import io.canal.parser.schema.TableFilter;
import io.canal.parser.source.SourceConfig.TrustStore;
import io.canal.parser.source.SslMode;
import io.canal.parser.source.StartPosition;
import io.canal.protocol.CanalException;
import io.canal.protocol.GtidSet;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What {@code conf/<destination>/instance.properties} says about one destination, with the defaults
 * that {@code conf/canal.properties} holds for all.
 *
 * @param serverId the server_id of the dump connection; 0 chooses one
 * @param gtidHeaders whether entry headers show GTIDs ({@code canal.instance.gtidon})
 * @param start where the destination begins while no consumer has a position
 * @param filter the tables that enter the change log, in the original's syntax
 * @param blackFilter the tables among them that do not; empty for none
 * @param timeZone in which TIMESTAMP is written; empty for the source's
 * @param logBytes what the change log may hold in memory
 * @param logDiskBytes and on disk
 * @param readTimeoutMs after how much silence, heartbeats included, the connection counts as dead
 */
public record InstanceSettings(
    String destination,
    HostAndPort address,
    String username,
    Secret password,
    long serverId,
    boolean gtidHeaders,
    StartPosition start,
    SslMode sslMode,
    Optional<TrustStore> trustStore,
    String filter,
    String blackFilter,
    Optional<ZoneId> timeZone,
    long logBytes,
    long logDiskBytes,
    BatchMode batchMode,
    int readTimeoutMs) {
  static final Setting<HostAndPort> ADDRESS =
      Setting.required(
          "canal.instance.master.address",
          SettingType.parsed("host:port", text -> HostAndPort.parse(text, 3306)),
          "Address of the MySQL or MariaDB server.");
  static final Setting<String> USERNAME =
      Setting.required(
          "canal.instance.dbUsername",
          SettingType.text("a user of the source"),
          "User with REPLICATION SLAVE, REPLICATION CLIENT and SELECT.");
  static final Setting<Secret> PASSWORD =
      Setting.of("canal.instance.dbPassword", "", SettingType.password(), "Password of the user.");
  static final Setting<Long> SERVER_ID =
      Setting.of(
          "canal.instance.mysql.slaveId",
          "0",
          SettingType.number(0, 0xFFFF_FFFFL),
          "server_id of the replica that Canal pretends to be; 0 chooses one.");
  static final Setting<Boolean> GTID_ON =
      Setting.of(
          "canal.instance.gtidon",
          "false",
          SettingType.bool(),
          "Whether entry headers show GTIDs. Positions keep the GTID set in any case.");
  static final Setting<String> JOURNAL =
      Setting.of(
          "canal.instance.master.journal.name",
          "",
          SettingType.text("a binlog file"),
          "Binlog file where a destination without any position begins.");
  static final Setting<Optional<Long>> POSITION =
      Setting.of(
          "canal.instance.master.position",
          "",
          SettingType.number(0, Long.MAX_VALUE).optional(),
          "Offset in that file. Empty: its beginning.");
  static final Setting<Optional<Long>> TIMESTAMP =
      Setting.of(
              "canal.instance.master.timestamp",
              "",
              SettingType.parsed("milliseconds since 1970", InstanceSettings::epochMs).optional(),
              "Time where a destination without any position begins.")
          .in("ms since 1970");
  static final Setting<Optional<GtidSet>> GTID =
      Setting.of(
          "canal.instance.master.gtid",
          "",
          SettingType.parsed("a GTID set such as UUID:1-9", InstanceSettings::gtids).optional(),
          "GTID set after which a destination without any position begins. Without file, time and"
              + " set it begins at the end of the binlog.");
  static final Setting<SslMode> SSL_MODE =
      Setting.of(
          "canal.instance.master.sslMode",
          "DISABLED",
          SettingType.oneOf(SslMode.class),
          "TLS towards the source, with MySQL's meanings.");
  static final Setting<Optional<Path>> TRUST_STORE =
      Setting.of(
          "canal.instance.master.trustCertificateKeyStoreUrl",
          "",
          fileOrUrl(),
          "PEM, PKCS12 or JKS file with the authority of the source's certificate; a path relative"
              + " to bin/ or a file: URL. Empty: Java's.");
  static final Setting<Secret> TRUST_STORE_PASSWORD =
      Setting.of(
          "canal.instance.master.trustCertificateKeyStorePassword",
          "",
          SettingType.password(),
          "Password of the trust store; none for PEM.");
  static final Setting<String> FILTER =
      Setting.of(
          "canal.instance.filter.regex",
          ".*\\..*",
          SettingType.parsed("regular expressions separated by commas", InstanceSettings::filter),
          "Tables to receive, as schema.table. In the file each backslash is written twice.");
  static final Setting<String> BLACK_FILTER =
      Setting.of(
          "canal.instance.filter.black.regex",
          "",
          SettingType.parsed("regular expressions separated by commas", InstanceSettings::filter),
          "Tables to leave out of these.");
  static final Setting<Optional<ZoneId>> TIME_ZONE =
      Setting.of(
          "canal.instance.timezone",
          "",
          SettingType.parsed("a zone such as Europe/Berlin or +08:00", InstanceSettings::zone)
              .optional(),
          "Zone in which TIMESTAMP values are written. Empty: the source's global time_zone.");
  static final Setting<Long> BUFFER_SIZE =
      Setting.of(
          "canal.instance.memory.buffer.size",
          "65536",
          SettingType.number(1, 1L << 32),
          "Memory of the change log, in units of canal.instance.memory.buffer.memunit.");
  static final Setting<Long> BUFFER_UNIT =
      Setting.of(
              "canal.instance.memory.buffer.memunit",
              "1024",
              SettingType.number(1, 1L << 20),
              "One unit of canal.instance.memory.buffer.size.")
          .in("bytes");
  static final Setting<Long> LOG_MAX_BYTES =
      Setting.of(
              "canal.instance.log.max.bytes",
              "1073741824",
              SettingType.number(0, Long.MAX_VALUE),
              "Disk for the part of the change log that memory does not hold and a slow consumer"
                  + " needs; in the folder log/ beside the positions. 0: none.")
          .in("bytes");
  static final Setting<BatchMode> BATCH_MODE =
      Setting.of(
          "canal.instance.memory.batch.mode",
          "MEMSIZE",
          SettingType.oneOf(BatchMode.class),
          "What a client's batch size counts: KiB of binlog (MEMSIZE) or entries (ITEMSIZE).");
  static final Setting<Integer> READ_TIMEOUT =
      Setting.of(
              "canal.instance.network.soTimeout",
              "30",
              SettingType.integer(1, 3600),
              "Silence, heartbeats included, after which the connection to the source counts as"
                  + " dead.")
          .in("s");

  static final List<Setting<?>> SETTINGS =
      List.of(
          ADDRESS,
          USERNAME,
          PASSWORD,
          JOURNAL,
          POSITION,
          TIMESTAMP,
          GTID,
          FILTER,
          BLACK_FILTER,
          TIME_ZONE,
          GTID_ON,
          SERVER_ID,
          READ_TIMEOUT,
          BUFFER_SIZE,
          BUFFER_UNIT,
          LOG_MAX_BYTES,
          BATCH_MODE,
          SSL_MODE,
          TRUST_STORE,
          TRUST_STORE_PASSWORD);

  private static final long LEAST_LOG_BYTES = 1 << 20;
  private static final Pattern MARIADB_GTIDS =
      Pattern.compile("\\d+-\\d+-\\d+(,\\s*\\d+-\\d+-\\d+)*");

  public InstanceSettings {
    requireNonNull(destination, "destination is null");
    requireNonNull(address, "address is null");
    requireNonNull(username, "username is null");
    requireNonNull(password, "password is null");
    requireNonNull(start, "start is null");
    requireNonNull(sslMode, "sslMode is null");
    requireNonNull(trustStore, "trustStore is null");
    requireNonNull(filter, "filter is null");
    requireNonNull(blackFilter, "blackFilter is null");
    requireNonNull(timeZone, "timeZone is null");
    requireNonNull(batchMode, "batchMode is null");
    if (logBytes < LEAST_LOG_BYTES) {
      throw new IllegalArgumentException("logBytes is " + logBytes);
    }
    if (logDiskBytes < 0) {
      throw new IllegalArgumentException("logDiskBytes is " + logDiskBytes);
    }
  }

  /** Reads all settings; empty if the reader has problems then. */
  static Optional<InstanceSettings> read(SettingReader reader, String destination, Path home) {
    HostAndPort address = reader.get(ADDRESS);
    String username = reader.get(USERNAME);
    Secret password = reader.get(PASSWORD);
    long serverId = reader.get(SERVER_ID);
    boolean gtidHeaders = reader.get(GTID_ON);
    StartPosition start = start(reader, gtidHeaders);
    SslMode sslMode = reader.get(SSL_MODE);
    Optional<TrustStore> trustStore = trustStore(reader, home);
    String filter = reader.get(FILTER);
    String blackFilter = reader.get(BLACK_FILTER);
    Optional<ZoneId> timeZone = reader.get(TIME_ZONE);
    long logBytes = Math.multiplyExact(reader.get(BUFFER_SIZE), reader.get(BUFFER_UNIT));
    if (logBytes < LEAST_LOG_BYTES) {
      reader.reject(
          BUFFER_SIZE,
          "times canal.instance.memory.buffer.memunit expected at least %d bytes, found %d"
              .formatted(LEAST_LOG_BYTES, logBytes));
    }
    long logDiskBytes = reader.get(LOG_MAX_BYTES);
    BatchMode batchMode = reader.get(BATCH_MODE);
    int readTimeoutMs = Math.multiplyExact(reader.get(READ_TIMEOUT), 1000);
    if (reader.hasProblems()) {
      return Optional.empty();
    }
    return Optional.of(
        new InstanceSettings(
            destination,
            address,
            username,
            password,
            serverId,
            gtidHeaders,
            start,
            sslMode,
            trustStore,
            filter,
            blackFilter,
            timeZone,
            logBytes,
            logDiskBytes,
            batchMode,
            readTimeoutMs));
  }

  /**
   * The order in which the original looks: the GTID set in GTID mode, file and offset, time. A set
   * that stands alone counts too; the original ignores it outside GTID mode.
   */
  private static StartPosition start(SettingReader reader, boolean gtidOn) {
    String journal = reader.get(JOURNAL);
    Optional<Long> position = reader.get(POSITION).filter(offset -> offset > 0);
    Optional<Long> timestamp = reader.get(TIMESTAMP).filter(time -> time > 0);
    Optional<StartPosition> gtids = reader.get(GTID).map(StartPosition.After::new);
    if (gtidOn && gtids.isPresent()) {
      return gtids.get();
    }
    if (journal.isEmpty()) {
      if (position.isPresent()) {
        reader.reject(POSITION, "expected " + JOURNAL.key() + " beside it, found no file name");
      }
      return timestamp
          .<StartPosition>map(time -> new StartPosition.From(Instant.ofEpochMilli(time)))
          .or(() -> gtids)
          .orElseGet(StartPosition.Now::new);
    }
    if (position.isEmpty() && timestamp.isPresent()) {
      reader.reject(TIMESTAMP, "expected either a file or a time, found both and no offset");
    }
    long offset = position.orElse(4L);
    if (offset < 4) {
      reader.reject(POSITION, "expected 4 or more, where a file's first event is, found " + offset);
      offset = 4;
    }
    return new StartPosition.At(journal, offset);
  }

  private static Optional<TrustStore> trustStore(SettingReader reader, Path home) {
    Secret password = reader.get(TRUST_STORE_PASSWORD);
    return reader
        .get(TRUST_STORE)
        .map(path -> ServerSettings.inBin(home, path))
        .map(
            path -> {
              if (!Files.isReadable(path)) {
                reader.reject(TRUST_STORE, "expected a readable file, found none at " + path);
              }
              return new TrustStore(path, password.value());
            });
  }

  private static SettingType<Optional<Path>> fileOrUrl() {
    SettingType<Path> path = SettingType.path("a file of certificates");
    return SettingType.parsed(
            path.expected(),
            text -> text.startsWith("file:") ? Path.of(URI.create(text)) : path.parse().apply(text))
        .optional();
  }

  private static long epochMs(String text) {
    long value = Long.parseLong(text);
    if (value < 0) {
      throw new IllegalArgumentException();
    }
    if (value != 0 && value < 100_000_000_000L) {
      throw new IllegalArgumentException("that is in 1970 to 1973; seconds?");
    }
    return value;
  }

  private static GtidSet gtids(String text) {
    if (MARIADB_GTIDS.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "MariaDB starts by file and offset for now: %s and %s"
              .formatted(JOURNAL.key(), POSITION.key()));
    }
    return GtidSet.parse(text);
  }

  private static ZoneId zone(String text) {
    try {
      return ZoneId.of(text);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static String filter(String text) {
    try {
      TableFilter.of(text);
      return text;
    } catch (CanalException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }
}
