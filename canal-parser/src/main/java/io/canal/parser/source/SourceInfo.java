package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a source says about itself, read once per connection. Texts are as the source's variables
 * show them, empty where it has no such variable.
 *
 * @param version the text of {@code @@version}: {@code 9.7.0}, {@code 11.8.3-MariaDB-log}
 * @param serverUuid absent on MariaDB
 * @param gtidMode whether {@code gtid_mode} is ON; false on MariaDB, whose GTIDs are other ones
 * @param rowMetadata {@code binlog_row_metadata}, absent before MySQL 8.0.1 and MariaDB 10.5
 * @param checksum {@code binlog_checksum}: CRC32 or NONE
 * @param lowerCaseTableNames 0: names differ by case, 1: stored in lower case, 2: compared so
 * @param timeZone {@code @@global.time_zone}
 */
public record SourceInfo(
    String version,
    Flavor flavor,
    Optional<UUID> serverUuid,
    long serverId,
    boolean gtidMode,
    boolean logBin,
    String binlogFormat,
    String rowImage,
    Optional<String> rowMetadata,
    String rowValueOptions,
    String checksum,
    int lowerCaseTableNames,
    String timeZone,
    String systemTimeZone) {

  /** The two families. */
  public enum Flavor {
    MYSQL,
    MARIADB
  }

  private static final Pattern VERSION =
      Pattern.compile("(\\d{1,4})\\.(\\d{1,4})(?:\\.(\\d{1,4}))?");
  private static final String VARIABLES =
      "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'server_uuid', 'server_id',"
          + " 'gtid_mode', 'log_bin', 'binlog_format', 'binlog_row_image', 'binlog_row_metadata',"
          + " 'binlog_row_value_options', 'binlog_checksum', 'lower_case_table_names',"
          + " 'time_zone', 'system_time_zone')";

  public SourceInfo {
    requireNonNull(version, "version is null");
    requireNonNull(flavor, "flavor is null");
    requireNonNull(serverUuid, "serverUuid is null");
    requireNonNull(binlogFormat, "binlogFormat is null");
    requireNonNull(rowImage, "rowImage is null");
    requireNonNull(rowMetadata, "rowMetadata is null");
    requireNonNull(rowValueOptions, "rowValueOptions is null");
    requireNonNull(checksum, "checksum is null");
    requireNonNull(timeZone, "timeZone is null");
    requireNonNull(systemTimeZone, "systemTimeZone is null");
  }

  public static SourceInfo read(SqlSession session) throws IOException {
    Map<String, String> variables = new HashMap<>();
    for (String[] row : session.query(VARIABLES)) {
      variables.put(row[0].toLowerCase(Locale.ROOT), row[1] == null ? "" : row[1]);
    }
    return of(variables);
  }

  /** Reads variables by their lower-case names. */
  static SourceInfo of(Map<String, String> variables) {
    String version = variables.getOrDefault("version", "");
    boolean mariadb = version.toLowerCase(Locale.ROOT).contains("mariadb");
    String uuid = variables.getOrDefault("server_uuid", "");
    return new SourceInfo(
        version,
        mariadb ? Flavor.MARIADB : Flavor.MYSQL,
        uuid.isEmpty() || mariadb ? Optional.empty() : Optional.of(UUID.fromString(uuid)),
        Long.parseLong(variables.getOrDefault("server_id", "0")),
        !mariadb && variables.getOrDefault("gtid_mode", "").equalsIgnoreCase("ON"),
        variables.getOrDefault("log_bin", "").equalsIgnoreCase("ON"),
        variables.getOrDefault("binlog_format", ""),
        variables.getOrDefault("binlog_row_image", ""),
        Optional.ofNullable(variables.get("binlog_row_metadata")),
        variables.getOrDefault("binlog_row_value_options", ""),
        variables.getOrDefault("binlog_checksum", "NONE"),
        Integer.parseInt(variables.getOrDefault("lower_case_table_names", "0")),
        variables.getOrDefault("time_zone", ""),
        variables.getOrDefault("system_time_zone", ""));
  }

  /** Compares by number; false where the version text has none. */
  public boolean isAtLeast(int major, int minor, int patch) {
    Matcher matcher = VERSION.matcher(version);
    if (!matcher.lookingAt()) {
      return false;
    }
    int foundMajor = Integer.parseInt(matcher.group(1));
    int foundMinor = Integer.parseInt(matcher.group(2));
    int foundPatch = matcher.group(3) == null ? 0 : Integer.parseInt(matcher.group(3));
    if (foundMajor != major) {
      return foundMajor > major;
    }
    return foundMinor != minor ? foundMinor > minor : foundPatch >= patch;
  }

  public boolean isMariadb() {
    return flavor == Flavor.MARIADB;
  }

  /** Whether events end in a CRC32. */
  public boolean checksummed() {
    return checksum.equalsIgnoreCase("CRC32");
  }
}
