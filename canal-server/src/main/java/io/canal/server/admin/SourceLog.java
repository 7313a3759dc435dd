package io.canal.server.admin;

import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.SourceErrorException;
import io.canal.parser.source.BinlogExtent;
import io.canal.parser.source.SourceConfig;
import io.canal.parser.source.SourceInfo;
import io.canal.parser.source.SqlSession;
import io.canal.parser.source.StartPosition;
import io.canal.parser.source.StartPositions;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.Start;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A short session with a source to ask where starts and positions lie in its binary log. One
 * thread. A source that does not answer is a {@link CanalException} with RETRY.
 */
public final class SourceLog implements AutoCloseable {
  // somebody sits before the terminal
  private static final int CONNECT_TIMEOUT_MS = 5_000;

  private final SourceConfig config;
  private final SqlSession session;
  private final StartPositions starts;
  private final BinlogExtent extent;
  private final Map<String, Optional<Instant>> purgedFrom = new HashMap<>();

  private SourceLog(
      SourceConfig config, SqlSession session, StartPositions starts, BinlogExtent extent) {
    this.config = config;
    this.session = session;
    this.starts = starts;
    this.extent = extent;
  }

  public static SourceLog open(SourceConfig config) {
    SourceConfig impatient =
        requireNonNull(config, "config is null").withConnectTimeoutMs(CONNECT_TIMEOUT_MS);
    try {
      SqlSession session = SqlSession.open(impatient);
      try {
        StartPositions starts = new StartPositions(SourceInfo.read(session), session, impatient);
        return new SourceLog(config, session, starts, starts.extent());
      } catch (Throwable e) {
        session.close();
        throw e;
      }
    } catch (IOException e) {
      throw failure(config, e);
    }
  }

  BinlogExtent extent() {
    return extent;
  }

  /** The place of a start, and notes on it; an error that is not RETRY says what is missing. */
  public StartPositions.Named resolve(Start start) {
    try {
      return starts.resolveNamed(StartPosition.of(start));
    } catch (IOException e) {
      throw failure(config, e);
    }
  }

  Place place(SourcePosition position) {
    return new Place(
        position,
        extent.bytesAfter(position),
        extent.transactionsAfter(position),
        extent.filesBefore(position),
        extent.bytesBefore(position),
        extent.missingAfter(position),
        purgedFrom.computeIfAbsent(
            position.serverUuid() + "/" + position.file(), file -> findPurgedFrom(position)));
  }

  private Optional<Instant> findPurgedFrom(SourcePosition position) {
    try {
      return starts.purgedFrom(position, extent);
    } catch (IOException e) {
      throw failure(config, e);
    }
  }

  private static CanalException failure(SourceConfig config, IOException e) {
    String reason = e.getMessage() == null ? e.toString() : e.getMessage();
    return new CanalException(
        ErrorCode.RETRY,
        e instanceof SourceErrorException
            ? config.address() + ": " + reason
            : "cannot connect to " + config.address() + ": " + reason,
        e);
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (IOException e) {
      throw failure(config, e);
    }
  }
}
