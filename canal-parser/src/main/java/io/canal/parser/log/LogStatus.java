package io.canal.parser.log;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * What operators see of a change log.
 *
 * @param memoryBytes of segments in memory, of {@code memoryBudgetBytes}
 * @param diskBytes of segments on disk, of {@code diskBudgetBytes}
 * @param droppedSegments that left for good, needed or not, since it began
 * @param full whether the receiver waits until {@code furthestAhead} reads, or somebody comes
 * @param furthestAhead the consumer that has read furthest; empty where none reads here
 * @param diskError why the last segment could not be kept on disk, until one can be again
 */
public record LogStatus(
    long memoryBytes,
    long memoryBudgetBytes,
    long diskBytes,
    long diskBudgetBytes,
    long droppedSegments,
    boolean full,
    Optional<String> furthestAhead,
    Optional<String> diskError) {
  /** Where there is no log. */
  public static final LogStatus NONE =
      new LogStatus(0, 0, 0, 0, 0, false, Optional.empty(), Optional.empty());

  public LogStatus {
    requireNonNull(furthestAhead, "furthestAhead is null");
    requireNonNull(diskError, "diskError is null");
  }
}
