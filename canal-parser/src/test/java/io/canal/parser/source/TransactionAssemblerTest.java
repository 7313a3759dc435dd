package io.canal.parser.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.ChangeReader;
import io.canal.parser.log.Frame;
import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.ColumnDefinition;
import io.canal.parser.schema.TableFilter;
import io.canal.parser.schema.TableSchemas;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Gtid;
import io.canal.protocol.GtidSet;
import io.canal.protocol.SourcePosition;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TransactionAssemblerTest {
  private static final UUID SERVER = UUID.fromString("3e11fa47-71ca-11e1-9e33-c80aa9429562");
  private static final String FILE = "binlog.000001";
  private static final int LOG_BYTES = 64 * 1024;
  private static final long T = 90;
  private static final long OTHER = 91;

  private final SourcePosition start =
      new SourcePosition(
          Optional.of(GtidSet.parse(SERVER + ":1-4")),
          Optional.of(SERVER),
          FILE,
          157,
          Optional.empty());
  private final TableSchemas schemas =
      new TableSchemas(
          (database, table) ->
              Optional.of(List.of(new ColumnDefinition("id", "int", Optional.empty(), true))),
          TableFilter.of("shop\\.t"));
  private final RowsEvent rowsEvent = new RowsEvent();
  private final ChangeLog log =
      new ChangeLog(
          LOG_BYTES,
          start,
          frame ->
              new RowsEvent()
                  .countRows(
                      frame.array(),
                      frame.bodyOffset(),
                      frame.bodyLength(),
                      schemas.get(frame.tableVersion()).map()));
  private final ChangeReader reader = log.open("1001", start).orElseThrow();
  private final TransactionAssembler assembler =
      new TransactionAssembler(log.writer(), schemas, start);

  private static Gtid gtid(long number) {
    return new Gtid(SERVER, "", number);
  }

  private EventScript connection() {
    SourcePosition position = assembler.position();
    return EventScript.at(position.file(), position.offset());
  }

  /** Sends what the script has; then the connection breaks. */
  private void send(EventScript script) throws IOException, InterruptedException {
    assembler.connected(
        Optional.of(SERVER), new DumpRequest.After(assembler.position().gtids().orElseThrow()));
    accept(script);
  }

  private void accept(EventScript script) throws IOException, InterruptedException {
    var events = script.stream();
    try {
      while (events.next()) {
        assembler.accept(events);
      }
    } catch (EOFException e) {
      // as a connection ends that breaks
    } finally {
      assembler.disconnected();
    }
  }

  private void assertStops(EventScript script, String why) {
    assertThatThrownBy(() -> send(script))
        .isInstanceOfSatisfying(
            CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_INSTANCE))
        .hasMessageContaining(why);
  }

  /** What the reader finds now: numbers of rows, and the kinds of all other frames. */
  private List<Object> read() {
    List<Object> found = new ArrayList<>();
    while (reader.next()) {
      Frame frame = reader.frame();
      switch (frame.kind()) {
        case ROWS -> found.addAll(numbers(frame));
        case BEGIN, QUERY, END, MOVE -> found.add(frame.kind().name());
      }
    }
    return found;
  }

  private List<Integer> numbers(Frame frame) {
    List<Integer> numbers = new ArrayList<>();
    rowsEvent.wrap(
        frame.array(),
        frame.bodyOffset(),
        frame.bodyLength(),
        schemas.get(frame.tableVersion()).map());
    ByteBuffer bytes = ByteBuffer.wrap(frame.array()).order(ByteOrder.LITTLE_ENDIAN);
    while (rowsEvent.next()) {
      numbers.add(bytes.getInt(rowsEvent.valueOffset(RowsEvent.AFTER, 0)));
    }
    return numbers;
  }

  private static List<Object> transaction(int first, int end) {
    List<Object> frames = new ArrayList<>();
    frames.add("BEGIN");
    IntStream.range(first, end).forEach(frames::add);
    frames.add("END");
    return frames;
  }

  /** A transaction of rows from 0 on, up to {@code end}, cut into events of a size. */
  private EventScript big(int end, int rowsPerEvent) {
    EventScript script = connection().begin(gtid(5));
    for (int first = 0; first < end; first += rowsPerEvent) {
      script.tableMap(T, "t").rows(T, first, Math.min(rowsPerEvent, end - first));
    }
    return script;
  }

  @Test
  void shouldShowATransactionWhenItHasEnded() throws Exception {
    EventScript script = connection().begin(gtid(5)).tableMap(T, "t").rows(T, 1, 2).xid();

    send(script);

    assertThat(read()).isEqualTo(transaction(1, 3));
    assertThat(assembler.position())
        .isEqualTo(
            new SourcePosition(
                Optional.of(GtidSet.parse(SERVER + ":1-5")),
                Optional.of(SERVER),
                FILE,
                script.offset(),
                Optional.empty()));
  }

  @Test
  void shouldTakeBackWhatCameBeforeTheConnectionBroke() throws Exception {
    send(connection().begin(gtid(5)).tableMap(T, "t").rows(T, 1, 2));
    assertThat(read()).isEmpty();
    assertThat(assembler.position()).isEqualTo(start);

    send(connection().begin(gtid(5)).tableMap(T, "t").rows(T, 1, 2).xid());

    assertThat(read()).isEqualTo(transaction(1, 3));
  }

  @Test
  void shouldGoOnInABigTransactionThatComesAgainInOtherEvents() throws Exception {
    send(big(4_500, 500));
    List<Object> read = read();
    assertThat(read).hasSize(4_501);
    assertThat(assembler.position()).isEqualTo(start);
    send(big(2_000, 1_000));
    assertThat(read()).isEmpty();
    send(big(4_600, 333));
    read.addAll(read());
    assertThat(read).hasSize(4_601);

    send(big(5_000, 777).xid());

    read.addAll(read());
    assertThat(read).isEqualTo(transaction(0, 5_000));
    assertThat(assembler.position().gtids()).contains(GtidSet.parse(SERVER + ":1-5"));
  }

  @Test
  void shouldCountWhatTheFilterDropsOnceInABigTransactionThatComesAgain() throws Exception {
    send(
        connection()
            .begin(gtid(5))
            .tableMap(OTHER, "other")
            .rows(OTHER, 0, 70)
            .tableMap(T, "t")
            .rows(T, 0, 3_000)
            .rows(T, 3_000, 1_000)
            .rows(OTHER, 0, 5));
    read();
    reader.acknowledge(reader.mark());
    assertThat(rowsDone()).contains(4_070L);

    send(
        connection()
            .begin(gtid(5))
            .tableMap(OTHER, "other")
            .rows(OTHER, 0, 70)
            .tableMap(T, "t")
            .rows(T, 0, 4_000)
            .rows(OTHER, 0, 5)
            .rows(T, 4_000, 10));

    assertThat(read()).hasSize(10);
    reader.acknowledge(reader.mark());
    assertThat(rowsDone()).contains(4_085L);
  }

  private Optional<Long> rowsDone() {
    return reader.acknowledged().open().map(SourcePosition.OpenTransaction::rows);
  }

  @Test
  void shouldShowAStatementOfABigTransactionOnce() throws Exception {
    EventScript first = big(4_000, 500).query("INSERT INTO log VALUES (1)");
    send(first);
    assertThat(read()).hasSize(4_002).endsWith(3_999, "QUERY");

    send(big(4_000, 800).query("INSERT INTO log VALUES (1)").query("INSERT INTO log VALUES (2)"));

    assertThat(read()).containsExactly("QUERY");
  }

  @Test
  void shouldStopWhereAnotherTransactionComesBeforeTheOneThatIsOpen() throws Exception {
    send(big(4_500, 500));

    assertStops(connection().begin(gtid(6)), "transaction " + gtid(6) + " comes first");
    assertStops(connection().gtid(gtid(6)).query("CREATE TABLE x (id INT)"), "comes first");
    assertStops(connection().xid(), "did not begin");
    assertStops(connection().tableMap(T, "t").rows(T, 0, 5_000), "outside of a transaction");
  }

  @Test
  void shouldStopWhereABigTransactionComesAgainWithOtherRows() throws Exception {
    send(big(4_500, 500));

    assertStops(
        connection().begin(gtid(5)).tableMap(T, "t").rows(T, 1, 5_000).xid(), "have other bytes");
  }

  @Test
  void shouldStopWhereABigTransactionEndsEarlierThanBefore() throws Exception {
    send(big(4_500, 500));

    assertStops(big(4_499, 500).xid(), "it ends after");
  }

  @Test
  void shouldStopAtTheRollbackOfABigTransaction() {
    assertStops(big(4_500, 500).query("ROLLBACK"), "is rolled back");
  }

  @Test
  void shouldPassATransactionOfWhichAConnectionShowedTheBeginAlone() throws Exception {
    // one event larger than what is kept until its end, of a table that nobody wants
    EventScript unwanted =
        connection().begin(gtid(5)).tableMap(OTHER, "other").rows(OTHER, 0, 4_000);
    send(unwanted);

    send(
        connection()
            .begin(gtid(5))
            .tableMap(OTHER, "other")
            .rows(OTHER, 0, 4_000)
            .xid()
            .begin(gtid(6))
            .tableMap(T, "t")
            .rows(T, 1, 1)
            .xid());

    assertThat(read()).containsExactly("BEGIN", "END", "BEGIN", 1, "END");
  }

  @Test
  void shouldMovePastATransactionThatIsRolledBack() throws Exception {
    EventScript script =
        connection().begin(gtid(5)).tableMap(T, "t").rows(T, 1, 2).query("ROLLBACK");

    send(script);

    assertThat(read()).containsExactly("BEGIN", "END");
    assertThat(reader.transaction().isStatement()).isTrue();
    assertThat(assembler.position().gtids()).contains(GtidSet.parse(SERVER + ":1-5"));
    assertThat(assembler.position().offset()).isEqualTo(script.offset());
  }

  @Test
  void shouldTakeAStatementAsATransaction() throws Exception {
    EventScript script = connection().gtid(gtid(5)).query("CREATE TABLE x (id INT)");

    send(script);

    assertThat(read()).containsExactly("BEGIN", "QUERY", "END");
    assertThat(reader.transaction().isStatement()).isTrue();
    reader.acknowledge(reader.mark());
    assertThat(reader.acknowledged()).isEqualTo(assembler.position());
    assertThat(reader.acknowledged().offset()).isEqualTo(script.offset());
  }

  @Test
  void shouldGoOnInTheNextFile() throws Exception {
    EventScript script = connection().rotate("binlog.000002");

    send(script.begin(gtid(5)).tableMap(T, "t").rows(T, 1, 2).xid());

    assertThat(read()).isEqualTo(transaction(1, 3));
    reader.acknowledge(reader.mark());
    assertThat(reader.acknowledged()).isEqualTo(assembler.position());
    assertThat(assembler.position().file()).isEqualTo("binlog.000002");
    assertThat(assembler.position().offset()).isEqualTo(script.offset());
  }

  @Test
  void shouldMoveToTheNextFileThoughNothingIsInIt() throws Exception {
    send(connection().rotate("binlog.000002"));

    assertThat(read()).isEmpty();
    reader.acknowledge(reader.mark());
    assertThat(reader.acknowledged()).isEqualTo(assembler.position());
    assertThat(assembler.position().file()).isEqualTo("binlog.000002");
    assertThat(assembler.position().offset()).isEqualTo(4);
  }

  @Test
  void shouldForgetTablesAtARotate() {
    EventScript script =
        connection().begin(gtid(5)).tableMap(T, "t").rows(T, 1, 2).xid().rotate("binlog.000002");

    assertStops(script.begin(gtid(6)).rows(T, 1, 2), "expected a TABLE_MAP");
  }

  @Test
  void shouldKnowOffsetsBeyondFourGibWithoutARotate() throws Exception {
    long offset = 5L << 30;
    assembler.connected(Optional.of(SERVER), new DumpRequest.At(FILE, offset));
    EventScript script =
        new EventScript(offset).begin(gtid(5)).tableMap(T, "t").rows(T, 1, 2).xid();

    accept(script);

    assertThat(read()).isEqualTo(transaction(1, 3));
    assertThat(assembler.position().offset()).isEqualTo(script.offset()).isGreaterThan(offset);
  }

  @Test
  void shouldStopAtABeginInsideATransaction() {
    assertStops(
        connection().begin(gtid(5)).tableMap(T, "t").rows(T, 1, 2).begin(gtid(6)),
        "before the one before it has ended");
  }

  @Test
  void shouldTakeACompressedTransactionAsOneEventOfTheFile() throws Exception {
    EventScript inner = new EventScript(0).query("BEGIN").tableMap(T, "t").rows(T, 1, 3).xid();
    EventScript script = connection().gtid(gtid(5)).payload(inner);

    send(script);

    assertThat(read()).isEqualTo(transaction(1, 4));
    reader.acknowledge(reader.mark());
    assertThat(reader.acknowledged()).isEqualTo(assembler.position());
    assertThat(assembler.position().gtids()).contains(GtidSet.parse(SERVER + ":1-5"));
    assertThat(assembler.position().offset()).isEqualTo(script.offset());
  }

  @Test
  void shouldGoOnInABigCompressedTransactionThatComesAgain() throws Exception {
    send(connection().gtid(gtid(5)).payload(bigInner(4_500, 500)));
    List<Object> read = read();
    assertThat(read).hasSize(4_501);
    assertThat(assembler.position()).isEqualTo(start);

    send(connection().gtid(gtid(5)).payload(bigInner(5_000, 777).xid()));

    read.addAll(read());
    assertThat(read).isEqualTo(transaction(0, 5_000));
    assertThat(assembler.position().gtids()).contains(GtidSet.parse(SERVER + ":1-5"));
  }

  private static EventScript bigInner(int end, int rowsPerEvent) {
    EventScript script = new EventScript(0).query("BEGIN");
    for (int first = 0; first < end; first += rowsPerEvent) {
      script.tableMap(T, "t").rows(T, first, Math.min(rowsPerEvent, end - first));
    }
    return script;
  }

  @Test
  void shouldInflateRowsThatMariadbCompressed() throws Exception {
    send(
        connection()
            .begin(gtid(5))
            .tableMap(T, "t")
            .compressedRows(T, 1, 100)
            .tableMap(OTHER, "other")
            .compressedRows(OTHER, 1, 7)
            .rows(T, 101, 1)
            .xid());

    assertThat(read()).isEqualTo(transaction(1, 102));
  }
}
