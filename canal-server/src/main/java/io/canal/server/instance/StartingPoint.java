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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a destination's stream begins, and its consumers at their positions, completed by what the
 * source knows: a position of another server program may lack the GTID set or the server's UUID.
 *
 * <p>The stream begins near the newest position. Whether a consumer finds all that it lacks there
 * is asked for each when it is opened; who does not catches up by itself.
 */
record StartingPoint(SourcePosition stream, SortedMap<String, StoredConsumer> consumers) {
  private static final Logger LOG = LoggerFactory.getLogger(StartingPoint.class);
  private static final Comparator<SourcePosition> BY_FILE_AND_OFFSET =
      Comparator.comparing(SourcePosition::file, LogFile::compareNames)
          .thenComparingLong(SourcePosition::offset);

  StartingPoint {
    consumers = new TreeMap<>(consumers);
  }

  /**
   * Decides it, and stores where a destination begins that never ran.
   *
   * @param configured where to begin while nothing is stored
   * @param nearBytes positions no further apart than this begin together
   */
  static StartingPoint find(
      String destination,
      StoredPositions stored,
      StartPosition configured,
      long nearBytes,
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
            new StoredConsumer(
                consumer.filter(),
                completeIfPossible(entry.getKey(), consumer.position(), info, source)));
      }
      SourcePosition stream =
          stream(
              destination,
              consumers.values().stream().map(StoredConsumer::position).toList(),
              nearBytes,
              info,
              source);
      LOG.info("{}: goes on at {}", destination, stream);
      return new StartingPoint(stream, consumers);
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

  /** A position that cannot be completed fails when its consumer asks for changes, and alone. */
  private static SourcePosition completeIfPossible(
      String consumer, SourcePosition position, SourceInfo info, StartPositions source)
      throws IOException {
    try {
      return complete(position, info, source);
    } catch (CanalException e) {
      if (e.code() == ErrorCode.RETRY) {
        throw e;
      }
      LOG.warn("consumer {} cannot go on: {}", consumer, e.getMessage());
      return new SourcePosition(
          position.gtids(),
          position.serverUuid().or(info::serverUuid),
          position.file(),
          position.offset(),
          position.open());
    }
  }

  private static SourcePosition stream(
      String destination,
      Collection<SourcePosition> positions,
      long nearBytes,
      SourceInfo info,
      StartPositions source)
      throws IOException {
    SourcePosition newest = newest(positions, info.serverUuid());
    SourcePosition near =
        oldest(positions.stream().filter(each -> isNear(each, newest, nearBytes)).toList());
    boolean elsewhere = near.gtids().isEmpty() && !near.serverUuid().equals(info.serverUuid());
    if (elsewhere || source.has(near)) {
      return near; // without GTIDs the receiver says what is wrong with another server's position
    }
    if (source.has(newest)) {
      return oldest(List.of(newest));
    }
    SourcePosition first = source.resolve(new StartPosition.Oldest());
    LOG.warn(
        "{}: begins at the oldest change of the binary log, {}, since the source no longer has what follows {}",
        destination,
        first,
        newest);
    return first;
  }

  /** Of those at the source's own files the last one; of others the one that has most. */
  static SourcePosition newest(Collection<SourcePosition> positions, Optional<UUID> server) {
    return positions.stream()
        .reduce((left, right) -> isNewer(right, left, server) ? right : left)
        .orElseThrow();
  }

  private static boolean isNewer(SourcePosition right, SourcePosition left, Optional<UUID> server) {
    boolean rightIsHere = right.serverUuid().equals(server);
    if (rightIsHere != left.serverUuid().equals(server)) {
      return rightIsHere;
    }
    if (!right.serverUuid().equals(left.serverUuid())) {
      return right.gtids().isPresent()
          && left.gtids().isPresent()
          && right.gtids().get().containsAll(left.gtids().get());
    }
    return BY_FILE_AND_OFFSET.compare(right, left) > 0;
  }

  static boolean isNear(SourcePosition position, SourcePosition newest, long nearBytes) {
    boolean sameKind = position.gtids().isPresent() == newest.gtids().isPresent();
    return sameKind
        && position.serverUuid().equals(newest.serverUuid())
        && position.file().equals(newest.file())
        && newest.offset() - position.offset() <= nearBytes;
  }

  /** A position from which the stream brings all that any of them lacks. */
  static SourcePosition oldest(Collection<SourcePosition> positions) {
    SourcePosition first = positions.stream().min(BY_FILE_AND_OFFSET).orElseThrow();
    Optional<GtidSet> common = first.gtids();
    for (SourcePosition position : positions) {
      common.ifPresent(set -> position.gtids().ifPresent(set::retainAll));
    }
    return new SourcePosition(
        common, first.serverUuid(), first.file(), first.offset(), Optional.empty());
  }
}
