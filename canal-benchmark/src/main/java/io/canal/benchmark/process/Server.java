package io.canal.benchmark.process;

/** A server in a process of its own, for a {@link Runner} in another. Owned by {@link Main}. */
public interface Server {
  /** Serves the segment from its start once this returns, until what it returns is closed. */
  AutoCloseable serve(Segment segment) throws Exception;
}
