package io.canal.benchmark.process;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * A stretch of a source's binary log that ends with a row in the table {@value #MARKER_TABLE}, and
 * what it holds by the count of whoever generated it.
 *
 * @param scale the number that it was made for; a segment made for another is made again
 * @param file where it starts, at {@code offset}
 * @param bytes of binary log from there to its end
 * @param hasPrelude whether its counted rows begin behind another row of the marker table
 */
public record Segment(
    String name,
    String title,
    long scale,
    int mysqlPort,
    String file,
    long offset,
    String endFile,
    long endOffset,
    long bytes,
    boolean hasPrelude,
    long inserts,
    long updates,
    long deletes,
    long transactions) {
  /** Name of the segment that is written while it is read, a stamped row at a time. */
  public static final String LATENCY = "latency";

  public static final String SCHEMA = "canal_benchmark";
  public static final String MARKER_TABLE = "marker";
  public static final String LATENCY_TABLE = "latency";
  public static final String HOST = "127.0.0.1";
  public static final String USER = "benchmark";
  public static final String PASSWORD = "benchmark";

  public Segment {
    requireNonNull(name, "name is null");
    requireNonNull(title, "title is null");
    requireNonNull(file, "file is null");
    requireNonNull(endFile, "endFile is null");
  }

  public long rows() {
    return inserts + updates + deletes;
  }

  /** Whether it ends with its last row in the latency table, without a marker. */
  public boolean isLatency() {
    return name.equals(LATENCY);
  }

  public void store(Path path) {
    Properties values = new Properties();
    values.setProperty("name", name);
    values.setProperty("title", title);
    values.setProperty("scale", Long.toString(scale));
    values.setProperty("mysqlPort", Integer.toString(mysqlPort));
    values.setProperty("file", file);
    values.setProperty("offset", Long.toString(offset));
    values.setProperty("endFile", endFile);
    values.setProperty("endOffset", Long.toString(endOffset));
    values.setProperty("bytes", Long.toString(bytes));
    values.setProperty("hasPrelude", Boolean.toString(hasPrelude));
    values.setProperty("inserts", Long.toString(inserts));
    values.setProperty("updates", Long.toString(updates));
    values.setProperty("deletes", Long.toString(deletes));
    values.setProperty("transactions", Long.toString(transactions));
    try (var out = Files.newBufferedWriter(path)) {
      values.store(out, null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Segment load(Path path) {
    Properties values = new Properties();
    try (var in = Files.newBufferedReader(path)) {
      values.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Segment(
        values.getProperty("name"),
        values.getProperty("title"),
        Long.parseLong(values.getProperty("scale")),
        Integer.parseInt(values.getProperty("mysqlPort")),
        values.getProperty("file"),
        Long.parseLong(values.getProperty("offset")),
        values.getProperty("endFile"),
        Long.parseLong(values.getProperty("endOffset")),
        Long.parseLong(values.getProperty("bytes")),
        Boolean.parseBoolean(values.getProperty("hasPrelude")),
        Long.parseLong(values.getProperty("inserts")),
        Long.parseLong(values.getProperty("updates")),
        Long.parseLong(values.getProperty("deletes")),
        Long.parseLong(values.getProperty("transactions")));
  }
}
