package io.canal.server.instance;

import static java.util.Objects.requireNonNull;

import io.canal.server.subscription.BatchBuffers;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Executor;

/**
 * What all destinations of a server use together.
 *
 * @param workers encode batches
 * @param storeExecutor may wait for a position store, or for a connection to close
 * @param dataDirectory holds a folder for each destination
 */
public record Shared(
    Executor workers,
    Executor storeExecutor,
    BatchBuffers buffers,
    Path dataDirectory,
    Clock clock) {
  public Shared {
    requireNonNull(workers, "workers is null");
    requireNonNull(storeExecutor, "storeExecutor is null");
    requireNonNull(buffers, "buffers is null");
    requireNonNull(dataDirectory, "dataDirectory is null");
    requireNonNull(clock, "clock is null");
  }
}
