package io.canal.benchmark;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * A stretch of a source's binary log that ends with a row in the table {@value #END_TABLE}, and
 * what it holds by the count of whoever generated it.
 *
 * @param scale the number of rows that was asked for; a segment made for another is made again
 * @param file where it starts, at {@code offset}
 * @param bytes of binary log from there to its end
 */
record Segment(
    String name,
    String title,
    long scale,
    int mysqlPort,
    String file,
    long offset,
    String endFile,
    long endOffset,
    long bytes,
    long inserts,
    long updates,
    long deletes,
    long transactions) {
  static final String SCHEMA = "canal_benchmark";
  static final String END_TABLE = "segment_end";
  static final String HOST = "127.0.0.1";
  static final String USER = "root";
  static final String PASSWORD = "";

  Segment {
    requireNonNull(name, "name is null");
    requireNonNull(title, "title is null");
    requireNonNull(file, "file is null");
    requireNonNull(endFile, "endFile is null");
  }

  long rows() {
    return inserts + updates + deletes;
  }

  void store(Path path) {
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

  static Segment load(Path path) {
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
        Long.parseLong(values.getProperty("inserts")),
        Long.parseLong(values.getProperty("updates")),
        Long.parseLong(values.getProperty("deletes")),
        Long.parseLong(values.getProperty("transactions")));
  }
}
