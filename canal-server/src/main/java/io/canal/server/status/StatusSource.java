package io.canal.server.status;

/**
 * Takes snapshots. Called by any thread, a few times a second at most; must not block, so that a
 * health check answers while an instance is stuck.
 */
@FunctionalInterface
public interface StatusSource {
  ServerStatus status();
}
