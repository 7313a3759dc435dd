package io.canal.server.instance;

import static java.util.Objects.requireNonNull;

import io.canal.server.subscription.BatchBuffers;
import io.canal.server.subscription.EncodedBytes;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Executor;

/**
 * What all destinations of a server use together.
 *
 * @param workers encode batches
 * @param storeExecutor may wait for a position store, or for a connection to close
 * @param sourceExecutor may wait for a source
 * @param dataDirectory holds a folder for each destination
 * @param buffers that entries are written to
 * @param budget what encoded entries may take
 */
public record Shared(
    Executor workers,
    Executor storeExecutor,
    Executor sourceExecutor,
    Path dataDirectory,
    BatchBuffers buffers,
    EncodedBytes budget,
    Clock clock) {
  public Shared {
    requireNonNull(workers, "workers is null");
    requireNonNull(storeExecutor, "storeExecutor is null");
    requireNonNull(sourceExecutor, "sourceExecutor is null");
    requireNonNull(buffers, "buffers is null");
    requireNonNull(dataDirectory, "dataDirectory is null");
    requireNonNull(budget, "budget is null");
    requireNonNull(clock, "clock is null");
  }
}
