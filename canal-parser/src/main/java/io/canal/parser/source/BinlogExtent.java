package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * What the binary log of a source holds at one moment, and where positions lie in it. Read by a few
 * statements, none of which opens a file of the log. Immutable.
 *
 * @param serverUuid absent on MariaDB
 * @param files oldest first, at least one
 * @param purged GTIDs that no file holds any more; absent without gtid_mode
 * @param executed all GTIDs of the source; absent without gtid_mode
 * @param expiry how long a file is kept after its last change; absent where none is purged by age
 */
public record BinlogExtent(
    Optional<UUID> serverUuid,
    List<BinlogFile> files,
    Optional<GtidSet> purged,
    Optional<GtidSet> executed,
    Optional<Duration> expiry) {

  /** One file of the log. */
  public record BinlogFile(String name, long bytes) {
    public BinlogFile {
      requireNonNull(name, "name is null");
    }
  }

  public BinlogExtent {
    requireNonNull(serverUuid, "serverUuid is null");
    files = List.copyOf(files);
    purged = purged.map(GtidSet::copy);
    executed = executed.map(GtidSet::copy);
    requireNonNull(expiry, "expiry is null");
    if (files.isEmpty()) {
      throw new IllegalArgumentException("no file");
    }
  }

  static BinlogExtent read(SourceInfo info, List<BinlogFile> files, SqlSession session)
      throws IOException {
    Optional<GtidSet> purged = Optional.empty();
    Optional<GtidSet> executed = Optional.empty();
    if (info.gtidMode()) {
      String[] sets = session.query("SELECT @@GLOBAL.gtid_purged, @@GLOBAL.gtid_executed").get(0);
      purged = Optional.of(GtidSet.parse(sets[0].replace("\n", "")));
      executed = Optional.of(GtidSet.parse(sets[1].replace("\n", "")));
    }
    return new BinlogExtent(info.serverUuid(), files, purged, executed, expiry(session));
  }

  private static Optional<Duration> expiry(SqlSession session) throws IOException {
    double days = 0;
    long seconds = 0;
    boolean automatic = true;
    for (String[] row :
        session.query(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_expire_logs_seconds',"
                + " 'expire_logs_days', 'binlog_expire_logs_auto_purge')")) {
      switch (row[0]) {
        case "binlog_expire_logs_seconds" -> seconds = Long.parseLong(row[1]);
        case "expire_logs_days" -> days = Double.parseDouble(row[1]);
        default -> automatic = row[1].equalsIgnoreCase("ON");
      }
    }
    long kept = seconds > 0 ? seconds : Math.round(days * Duration.ofDays(1).toSeconds());
    return automatic && kept > 0 ? Optional.of(Duration.ofSeconds(kept)) : Optional.empty();
  }

  /** Name of the oldest file. */
  public String oldestFile() {
    return files.get(0).name();
  }

  /** Name of the file that is written now. */
  public String newestFile() {
    return files.get(files.size() - 1).name();
  }

  /** {@code binlog.000003 to binlog.000007}. */
  public String range() {
    return files.size() == 1 ? oldestFile() : oldestFile() + " to " + newestFile();
  }

  /** Bytes of all files. */
  public long bytes() {
    return files.stream().mapToLong(BinlogFile::bytes).sum();
  }

  /** How many files are older than the one of that position; empty where it is in none of them. */
  public OptionalLong filesBefore(SourcePosition position) {
    int index = indexOf(position);
    return index < 0 ? OptionalLong.empty() : OptionalLong.of(index);
  }

  /** Bytes of the log before that position; empty where it is in none of the files. */
  public OptionalLong bytesBefore(SourcePosition position) {
    int index = indexOf(position);
    return index < 0
        ? OptionalLong.empty()
        : OptionalLong.of(bytesOf(files.subList(0, index)) + position.offset());
  }

  /** Bytes of the log after that position; empty where it is in none of the files. */
  public OptionalLong bytesAfter(SourcePosition position) {
    int index = indexOf(position);
    return index < 0
        ? OptionalLong.empty()
        : OptionalLong.of(
            Math.max(0, bytesOf(files.subList(index, files.size())) - position.offset()));
  }

  private static long bytesOf(List<BinlogFile> some) {
    return some.stream().mapToLong(BinlogFile::bytes).sum();
  }

  /** Transactions after that position; empty without GTIDs. */
  public OptionalLong transactionsAfter(SourcePosition position) {
    return count(executed, position.gtids());
  }

  private static OptionalLong count(Optional<GtidSet> all, Optional<GtidSet> without) {
    if (all.isEmpty() || without.isEmpty()) {
      return OptionalLong.empty();
    }
    GtidSet rest = all.get().copy();
    rest.removeAll(without.get());
    return OptionalLong.of(rest.count());
  }

  /**
   * GTIDs of a set that the source has not executed; empty where it has all, or has none at all.
   */
  public GtidSet notExecuted(GtidSet set) {
    GtidSet rest = executed.isPresent() ? set.copy() : new GtidSet();
    executed.ifPresent(rest::removeAll);
    return rest;
  }

  /**
   * What follows that position and is no longer in the log, in words; empty where all of it is
   * there. With GTIDs the set decides, as it does at the source; else the file.
   */
  public Optional<String> missingAfter(SourcePosition position) {
    if (purged.isPresent() && position.gtids().isPresent()) {
      GtidSet missing = purged.get().copy();
      missing.removeAll(position.gtids().get());
      return missing.isEmpty() ? Optional.empty() : Optional.of("transactions " + missing);
    }
    if (!position.serverUuid().equals(serverUuid)) {
      return Optional.of(
          "everything: the position is of server %s, and without GTIDs its file says nothing here"
              .formatted(position.serverUuid().map(UUID::toString).orElse("without a UUID")));
    }
    if (indexOf(position) >= 0) {
      return Optional.empty();
    }
    return Optional.of(missingFiles(position.file()));
  }

  /** {@code binlog.000001 to before binlog.000003}, for a file that the log does not have. */
  String missingFiles(String file) {
    return number(file) >= 0 && number(file) < number(oldestFile())
        ? file + " to before " + oldestFile()
        : file;
  }

  /** The file after the one of that position: begun when that one was written last. */
  Optional<String> fileAfter(SourcePosition position) {
    int index = indexOf(position);
    return index < 0 || index + 1 == files.size()
        ? Optional.empty()
        : Optional.of(files.get(index + 1).name());
  }

  private int indexOf(SourcePosition position) {
    if (position.serverUuid().equals(serverUuid)) {
      for (int i = 0; i < files.size(); i++) {
        if (files.get(i).name().equals(position.file())) {
          return i;
        }
      }
    }
    return -1;
  }

  /** The number at the end of a file's name, or -1. */
  static long number(String file) {
    String digits = file.substring(file.lastIndexOf('.') + 1);
    return digits.matches("[0-9]{1,18}") ? Long.parseLong(digits) : -1;
  }
}
