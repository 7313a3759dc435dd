package io.canal.parser.log;

/** What one format and filter shows of the log. Any thread. */
public interface FrameFilter {
  /** Whether the consumer is to see a ROWS or QUERY frame. */
  boolean shows(Frame frame);

  /** Whether what is encoded depends on the executed GTID set, so that chunks must know it. */
  default boolean showsExecuted() {
    return false;
  }
}
