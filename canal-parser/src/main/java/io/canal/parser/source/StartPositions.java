package io.canal.parser.source;

import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.BinlogEventStream;
import io.canal.parser.binlog.EventType;
import io.canal.parser.source.BinlogExtent.BinlogFile;
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

  /** The place of a start that somebody named, and what that somebody should know of it. */
  public record Named(SourcePosition position, List<String> notes) {
    public Named {
      requireNonNull(position, "position is null");
      notes = List.copyOf(notes);
    }
  }

  /**
   * Resolves a start that an operator or a client named. A set with transactions that the source
   * has not executed is refused: they would be passed over when they come.
   */
  public Named resolveNamed(StartPosition start) throws IOException {
    if (start instanceof StartPosition.After after && info.gtidMode()) {
      GtidSet unknown = extent().notExecuted(after.executed());
      if (!unknown.isEmpty()) {
        throw failure("the source has not executed %s of the start's set".formatted(unknown));
      }
    }
    SourcePosition position = resolve(start);
    List<String> notes = new ArrayList<>();
    if (start instanceof StartPosition.At at && position.offset() != at.offset()) {
      notes.add(
          "%s:%d is inside a transaction, which is taken from its beginning"
              .formatted(at.file(), at.offset()));
    }
    if (start instanceof StartPosition.From from && extent().bytesAfter(position).orElse(-1) == 0) {
      notes.add(
          "nothing was written at or after %s so far: begins with whatever comes next"
              .formatted(from.time()));
    }
    return new Named(position, notes);
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
      return files().stream().anyMatch(file -> file.name().equals(position.file()));
    }
    return missing(position.gtids().get()).isEmpty();
  }

  private GtidSet missing(GtidSet executed) throws IOException {
    GtidSet missing = purged();
    missing.removeAll(executed);
    return missing;
  }

  private GtidSet purged() throws IOException {
    return GtidSet.parse(session.query("SELECT @@GLOBAL.gtid_purged").get(0)[0].replace("\n", ""));
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
          "the source has purged transactions that the start lacks: %s; it still has everything after the set '%s'"
              .formatted(missing, purged()));
    }
    return position("", 0, Optional.of(executed));
  }

  /** What the log holds now. */
  public BinlogExtent extent() throws IOException {
    return BinlogExtent.read(info, files(), session);
  }

  /**
   * From when on the source may purge the file of that position, by its age; empty where it will
   * not, or still writes that file, or does not have it.
   */
  public Optional<Instant> purgedFrom(SourcePosition position, BinlogExtent extent)
      throws IOException {
    Optional<String> next = extent.fileAfter(position);
    if (next.isEmpty() || extent.expiry().isEmpty()) {
      return Optional.empty();
    }
    Instant lastWritten = Instant.ofEpochSecond(createdSeconds(next.get()));
    return Optional.of(lastWritten.plus(extent.expiry().get()));
  }

  private SourcePosition oldest() throws IOException {
    String file = files().get(0).name();
    try (BinlogScan scan = BinlogScan.open(config, file)) {
      while (scan.next() && scan.isHead() && scan.file().equals(file)) {
        // the head of the file names the transactions before it
      }
      return position(file, scan.file().equals(file) ? scan.start() : 4, executed(scan));
    }
  }

  private SourcePosition at(String file, long offset) throws IOException {
    List<BinlogFile> files = files();
    if (files.stream().noneMatch(one -> one.name().equals(file))) {
      throw failure(
          "no binary log '%s', the source has %s; missing: %s"
              .formatted(file, extent().range(), extent().missingFiles(file)));
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
    List<String> files = files().stream().map(BinlogFile::name).toList();
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
      if (BinlogExtent.number(files.get(0)) == 1) {
        return 0; // nothing was ever purged
      }
      throw failure(
          "no binary log from %s, the oldest one, %s, begins at %s; missing: what was written between the two"
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

  private List<BinlogFile> files() throws IOException {
    List<BinlogFile> files = new ArrayList<>();
    for (String[] row : session.query("SHOW BINARY LOGS")) {
      files.add(new BinlogFile(row[0], Long.parseLong(row[1])));
    }
    if (files.isEmpty()) {
      throw failure("the source has no binary logs");
    }
    return files;
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
