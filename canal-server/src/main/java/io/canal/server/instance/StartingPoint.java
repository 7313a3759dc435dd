package io.canal.server.instance;

import io.canal.parser.log.LogFile;
import io.canal.parser.source.SourceInfo;
import io.canal.parser.source.StartPosition;
import io.canal.parser.source.StartPositions;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import io.canal.server.position.PositionSaver;
import io.canal.server.position.StoredConsumer;
import io.canal.server.position.StoredPositions;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a destination's stream begins, and its consumers at their positions, completed by what the
 * source knows: a position of another server program may lack the GTID set or the server's UUID.
 *
 * @param stream the oldest position that a consumer needs
 */
record StartingPoint(SourcePosition stream, SortedMap<String, StoredConsumer> consumers) {
  private static final Logger LOG = LoggerFactory.getLogger(StartingPoint.class);

  StartingPoint {
    consumers = new TreeMap<>(consumers);
  }

  /**
   * Decides it, and stores where a destination begins that never ran.
   *
   * @param configured where to begin while nothing is stored
   */
  static StartingPoint find(
      String destination,
      StoredPositions stored,
      StartPosition configured,
      SourceInfo info,
      StartPositions source,
      PositionSaver positions)
      throws IOException {
    if (!stored.consumers().isEmpty()) {
      SortedMap<String, StoredConsumer> consumers = new TreeMap<>();
      for (Map.Entry<String, StoredConsumer> entry : stored.consumers().entrySet()) {
        StoredConsumer consumer = entry.getValue();
        consumers.put(
            entry.getKey(),
            new StoredConsumer(consumer.filter(), complete(consumer.position(), info, source)));
      }
      SourcePosition oldest =
          oldest(consumers.values().stream().map(StoredConsumer::position).toList());
      LOG.info("{}: goes on at {}", destination, oldest);
      return new StartingPoint(oldest, consumers);
    }
    SourcePosition start;
    if (stored.start().isPresent()) {
      start = again(destination, stored.start().get(), info, source, positions);
    } else {
      start = source.resolve(configured);
      positions.saveStart(start);
    }
    LOG.info("{}: begins at {}", destination, start);
    return new StartingPoint(start, new TreeMap<>());
  }

  /** A beginning that no consumer has moved from; what it lost to a purge nobody had asked for. */
  private static SourcePosition again(
      String destination,
      SourcePosition start,
      SourceInfo info,
      StartPositions source,
      PositionSaver positions)
      throws IOException {
    try {
      SourcePosition complete = complete(start, info, source);
      source.resolve(
          complete.gtids().isPresent()
              ? new StartPosition.After(complete.gtids().get())
              : new StartPosition.At(complete.file(), complete.offset()));
      return complete;
    } catch (CanalException e) {
      if (e.code() == ErrorCode.RETRY) {
        throw e;
      }
      SourcePosition oldest = source.resolve(new StartPosition.Oldest());
      LOG.warn(
          "{}: begins at the oldest change of the binary log, {}, since no consumer has a position and the first one is gone: {}",
          destination,
          oldest,
          e.getMessage());
      positions.saveStart(oldest);
      return oldest;
    }
  }

  private static SourcePosition complete(
      SourcePosition position, SourceInfo info, StartPositions source) throws IOException {
    if (info.gtidMode() && position.gtids().isEmpty()) {
      SourcePosition found =
          source.resolve(new StartPosition.At(position.file(), position.offset()));
      return new SourcePosition(
          found.gtids(), found.serverUuid(), found.file(), found.offset(), position.open());
    }
    Optional<GtidSet> gtids = info.gtidMode() ? position.gtids() : Optional.empty();
    return new SourcePosition(
        gtids,
        position.serverUuid().or(info::serverUuid),
        position.file(),
        position.offset(),
        position.open());
  }

  /** A position from which the stream brings all that any of them lacks. */
  static SourcePosition oldest(Collection<SourcePosition> positions) {
    SourcePosition first =
        positions.stream()
            .min(
                (left, right) -> {
                  int order = LogFile.compareNames(left.file(), right.file());
                  return order != 0 ? order : Long.compare(left.offset(), right.offset());
                })
            .orElseThrow();
    Optional<GtidSet> common = first.gtids();
    for (SourcePosition position : positions) {
      common.ifPresent(set -> position.gtids().ifPresent(set::retainAll));
    }
    return new SourcePosition(
        common, first.serverUuid(), first.file(), first.offset(), Optional.empty());
  }
}
