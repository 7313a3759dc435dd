package io.canal.server.subscription;

import io.canal.parser.log.Mark;
import io.netty.buffer.ByteBuf;
import java.util.Optional;

/**
 * The entries of a chunk.
 *
 * @param bytes of the entries, one behind the other
 * @param mark the end of the chunk; absent where it was not encoded to its end
 * @param stoppedAt else the log position of the first frame that is missing
 * @param failure why, unless it is the size of the entries
 */
record Encoded(
    ByteBuf bytes,
    int entries,
    long rows,
    Optional<Mark> mark,
    long stoppedAt,
    Optional<RuntimeException> failure) {}
