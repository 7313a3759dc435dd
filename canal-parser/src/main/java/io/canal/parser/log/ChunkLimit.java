package io.canal.parser.log;

/**
 * Where a {@link Chunk} ends at the latest: after the frame that reaches one of the first three,
 * and before {@code end}.
 *
 * @param logBytes frames that are shown, as the log holds them
 * @param eventBytes events that are shown, as the binary log holds them
 * @param entries what is to be written
 * @param end a log position
 */
public record ChunkLimit(long logBytes, long eventBytes, long entries, long end) {
  public static final ChunkLimit NONE =
      new ChunkLimit(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE);
}
