package io.canal.benchmark.micro;

import io.canal.parser.entry.EntryEncoder;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeLogWriter;
import io.canal.parser.log.ChangeReader;
import io.canal.parser.log.LogFile;
import io.canal.parser.log.Transaction;
import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.ResolvedTable;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.WriteBuffer;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What one row costs: to find its values, and to write it as an entry out of the change log. Ten
 * columns beside the key where a type family is named.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class EntryBenchmark {
  private static final int ROWS = 100;

  @Param({
    "sbtest",
    "mixed",
    "int",
    "decimal",
    "double",
    "datetime",
    "timestamp",
    "varchar",
    "blob",
    "json"
  })
  public String family;

  private final RowsEvent rows = new RowsEvent();
  private final WriteBuffer out = new WriteBuffer(1024 * 1024);
  private byte[] update;
  private ResolvedTable table;
  private EntryEncoder encoder;
  private ChangeReader inserts;
  private ChangeReader updates;

  /** Two change logs, with a transaction of {@value #ROWS} events each. */
  @Setup
  public void fillLogs() throws InterruptedException {
    RawTable raw = RawTable.of(family);
    TableSchemas schemas = new TableSchemas((database, name) -> Optional.of(raw.definitions()));
    byte[] map = raw.tableMap();
    table = schemas.resolve(map, 0, map.length);
    update = raw.update();
    encoder = new EntryEncoder(schemas, ZoneOffset.UTC, false);
    inserts = fill(raw.insert());
    updates = fill(update);
  }

  private ChangeReader fill(byte[] event) throws InterruptedException {
    LogFile file = new LogFile(Optional.empty(), "binlog.000001");
    SourcePosition start =
        new SourcePosition(Optional.empty(), Optional.empty(), file.name(), 4, Optional.empty());
    ChangeLog log = new ChangeLog(16L * 1024 * 1024, start, frame -> 1);
    ChangeReader reader = log.openAtOldest("benchmark");
    ChangeLogWriter writer = log.writer();
    int number = writer.addFile(file);
    Transaction transaction = new Transaction();
    transaction.set(file, 4, 0, 1, 80, 1, false);
    writer.begin(transaction, number);
    for (int i = 0; i < ROWS; i++) {
      append(writer, event);
      writer.rows(number, table.version(), 100 + i, event.length);
    }
    byte[] xid = RawTable.xid();
    append(writer, xid);
    writer.end(false, number, 1000, xid.length);
    return reader;
  }

  private static void append(ChangeLogWriter writer, byte[] event) throws InterruptedException {
    writer.claim(event.length);
    System.arraycopy(event, 0, writer.array(), writer.bodyOffset(), event.length);
  }

  /** Finds where the values of an updated row lie, before and after. */
  @Benchmark
  public int walk() {
    return rows.countRows(update, 0, update.length, table.map());
  }

  /** Writes the entry of a new row: each value becomes text once. */
  @Benchmark
  @OperationsPerInvocation(ROWS)
  public int insert() {
    return encode(inserts);
  }

  /** Writes the entry of an updated row of which only the key changed. */
  @Benchmark
  @OperationsPerInvocation(ROWS)
  public int update() {
    return encode(updates);
  }

  private int encode(ChangeReader reader) {
    out.clear();
    reader.rewind();
    while (reader.next()) {
      encoder.encode(reader.frame(), reader.transaction(), "", out);
    }
    return out.position();
  }
}
