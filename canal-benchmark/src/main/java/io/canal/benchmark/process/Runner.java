package io.canal.benchmark.process;

/** Reads segments in a process of its own: one line of the tables. Owned by {@link Main}. */
public interface Runner {
  /** Reads the segment once, from its start to its end; called again for another pass. */
  Pass run(Segment segment) throws Exception;
}
