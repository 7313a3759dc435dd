package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.BinlogEventStream;
import io.canal.parser.binlog.EventType;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns a {@link StartPosition} into the place of a transaction's beginning on one source, with the
 * executed GTID set there where the source has gtid_mode ON. Owned by one thread; places inside the
 * log are found by short dump connections of their own, each with a random server_id.
 *
 * <p>A place that the source cannot serve is a {@link CanalException} that stops the instance and
 * says what the source has.
 */
public final class StartPositions {
  private static final Logger LOG = LoggerFactory.getLogger(StartPositions.class);

  private final SourceInfo info;
  private final SqlSession session;
  private final SourceConfig config;

  public StartPositions(SourceInfo info, SqlSession session, SourceConfig config) {
    this.info = requireNonNull(info, "info is null");
    this.session = requireNonNull(session, "session is null");
    this.config = requireNonNull(config, "config is null");
  }

  public SourcePosition resolve(StartPosition start) throws IOException {
    if (start instanceof StartPosition.At at) {
      return at(at.file(), at.offset());
    }
    if (start instanceof StartPosition.After after) {
      return after(after.executed());
    }
    if (start instanceof StartPosition.From from) {
      return from(from.time());
    }
    return start instanceof StartPosition.Oldest ? oldest() : now();
  }

  /** Whether the source still has what follows a position of its own, as far as it can tell. */
  public boolean has(SourcePosition position) throws IOException {
    if (!info.gtidMode() || position.gtids().isEmpty()) {
      return files().contains(position.file());
    }
    return missing(position.gtids().get()).isEmpty();
  }

  private GtidSet missing(GtidSet executed) throws IOException {
    GtidSet missing =
        GtidSet.parse(session.query("SELECT @@GLOBAL.gtid_purged").get(0)[0].replace("\n", ""));
    missing.removeAll(executed);
    return missing;
  }

  private SourcePosition now() throws IOException {
    boolean renamed = !info.isMariadb() && info.isAtLeast(8, 2, 0);
    List<String[]> rows = session.query(renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
    if (rows.isEmpty()) {
      throw failure("the source writes no binary log: set log_bin and restart it");
    }
    String[] row = rows.get(0);
    Optional<GtidSet> executed =
        info.gtidMode() ? Optional.of(GtidSet.parse(row[4].replace("\n", ""))) : Optional.empty();
    return position(row[0], Long.parseLong(row[1]), executed);
  }

  private SourcePosition after(GtidSet executed) throws IOException {
    if (!info.gtidMode()) {
      throw failure(
          info.isMariadb()
              ? "a start by GTID set needs MySQL, name a file and an offset, or a time"
              : "a start by GTID set needs gtid_mode ON at the source: SET GLOBAL gtid_mode = ON"
                  + " (by way of OFF_PERMISSIVE and ON_PERMISSIVE)");
    }
    GtidSet missing = missing(executed);
    if (!missing.isEmpty()) {
      throw failure(
          "the source has purged transactions that the start lacks: "
              + missing
              + "; it still has everything after the set '"
              + session.query("SELECT @@GLOBAL.gtid_purged").get(0)[0].replace("\n", "")
              + "'");
    }
    return position("", 0, Optional.of(executed));
  }

  private SourcePosition oldest() throws IOException {
    String file = files().get(0);
    try (BinlogScan scan = BinlogScan.open(config, file)) {
      while (scan.next() && scan.isHead() && scan.file().equals(file)) {
        // the head of the file names the transactions before it
      }
      return position(file, scan.file().equals(file) ? scan.start() : 4, executed(scan));
    }
  }

  private SourcePosition at(String file, long offset) throws IOException {
    List<String> files = files();
    if (!files.contains(file)) {
      throw failure("no binary log '" + file + "', the source has " + range(files));
    }
    try (BinlogScan scan = BinlogScan.open(config, file)) {
      boolean found = false;
      long eventStart = DumpRequest.FIRST_OFFSET;
      long fileEnd = DumpRequest.FIRST_OFFSET;
      while (scan.next() && scan.file().equals(file)) {
        found |= scan.start() == offset;
        if (!found && scan.start() > offset) {
          throw insideEvent(file, offset, eventStart, scan.start());
        }
        eventStart = scan.start();
        fileEnd = scan.end();
        if (!found || scan.isHead()) {
          continue;
        }
        if (scan.transactionStart() < 0 || scan.transactionStart() == scan.start()) {
          return position(file, scan.start(), executed(scan));
        }
        LOG.warn(
            "{}:{} is inside a transaction, starting at its beginning {}:{}",
            file,
            offset,
            file,
            scan.transactionStart());
        return position(file, scan.transactionStart(), executed(scan));
      }
      if (found || offset == fileEnd) {
        return position(file, offset, executed(scan));
      }
      if (offset < fileEnd) {
        throw insideEvent(file, offset, eventStart, fileEnd);
      }
      throw failure("%s:%d is behind the end of that file, at %d".formatted(file, offset, fileEnd));
    }
  }

  private CanalException insideEvent(String file, long offset, long start, long end) {
    return failure(
        "%s:%d is inside an event, which begins at %d and ends at %d"
            .formatted(file, offset, start, end));
  }

  private SourcePosition from(Instant time) throws IOException {
    List<String> files = files();
    int first = firstToScan(files, time);
    try (BinlogScan scan = BinlogScan.open(config, files.get(first))) {
      while (scan.next()) {
        if (scan.transactionStart() == scan.start()
            && scan.timestampSeconds() >= ceilingSeconds(time)) {
          break;
        }
      }
      return position(scan.file(), scan.start(), executed(scan));
    }
  }

  /** The last file that was begun before {@code time}: all files before it are older still. */
  private int firstToScan(List<String> files, Instant time) throws IOException {
    long seconds = ceilingSeconds(time);
    long oldest = createdSeconds(files.get(0));
    if (oldest >= seconds) {
      if (suffix(files.get(0)) == 1) {
        return 0; // nothing was ever purged
      }
      throw failure(
          "no binary log from %s, the oldest one, %s, begins at %s"
              .formatted(time, files.get(0), Instant.ofEpochSecond(oldest)));
    }
    int low = 0;
    int high = files.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (createdSeconds(files.get(middle)) < seconds) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private long createdSeconds(String file) throws IOException {
    DumpRequest request = new DumpRequest.At(file, DumpRequest.FIRST_OFFSET);
    try (BinlogDump dump = BinlogDump.openUntilEnd(config.withServerId(0), request)) {
      BinlogEventStream events = dump.events();
      while (events.next()) {
        if (events.type() == EventType.FORMAT_DESCRIPTION) {
          return events.timestampSeconds();
        }
      }
    }
    throw failure("binary log '" + file + "' has no FORMAT_DESCRIPTION event");
  }

  private static long ceilingSeconds(Instant time) {
    return time.getNano() == 0 ? time.getEpochSecond() : time.getEpochSecond() + 1;
  }

  private static long suffix(String file) {
    String digits = file.substring(file.lastIndexOf('.') + 1);
    return digits.matches("[0-9]{1,18}") ? Long.parseLong(digits) : 0;
  }

  private List<String> files() throws IOException {
    List<String> files = new ArrayList<>();
    for (String[] row : session.query("SHOW BINARY LOGS")) {
      files.add(row[0]);
    }
    if (files.isEmpty()) {
      throw failure("the source has no binary logs");
    }
    return files;
  }

  private static String range(List<String> files) {
    return files.size() == 1 ? files.get(0) : files.get(0) + " to " + files.get(files.size() - 1);
  }

  private Optional<GtidSet> executed(BinlogScan scan) {
    return info.gtidMode() ? Optional.of(scan.executed()) : Optional.empty();
  }

  private SourcePosition position(String file, long offset, Optional<GtidSet> executed) {
    return new SourcePosition(executed, info.serverUuid(), file, offset, Optional.empty());
  }

  private CanalException failure(String message) {
    return new CanalException(ErrorCode.STOP_INSTANCE, config.address() + ": " + message);
  }
}
