package io.canal.parser.log;

/** Counts the rows of a ROWS frame by walking its images. Called by the thread that reads. */
public interface RowCounter {
  int count(Frame frame);
}
