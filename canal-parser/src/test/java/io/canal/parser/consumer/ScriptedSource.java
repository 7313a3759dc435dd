package io.canal.parser.consumer;

import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.LogFile;
import io.canal.parser.log.LogScript;
import io.canal.parser.source.ReceiverStatus;
import io.canal.protocol.SourcePosition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * A source of random transactions, which any number of streams bring to logs, each on a thread of
 * its own as a receiver is. What lies before a place may be purged: a stream that begins there
 * stops.
 */
final class ScriptedSource {
  private static final int TRANSACTIONS_PER_FILE = 10;

  /** A rows event: so many rows from {@code first} on, behind some that a filter dropped. */
  private record Event(int first, int rows, int dropped, int padding) {}

  /** One transaction, and where it begins. */
  private record Written(String file, long offset, List<Event> events) {}

  private final boolean gtids;
  private final List<Written> transactions = new ArrayList<>();
  private final List<Integer> rows = new ArrayList<>();
  private volatile int purged;

  ScriptedSource(Random random, int count, boolean gtids) {
    this.gtids = gtids;
    String file = "";
    long offset = 0;
    int row = 1;
    for (int t = 0; t < count; t++) {
      if (t % TRANSACTIONS_PER_FILE == 0) {
        file = "binlog.%06d".formatted(1 + t / TRANSACTIONS_PER_FILE);
        offset = 4;
      }
      List<Event> events = new ArrayList<>();
      int eventCount = random.nextInt(25) == 0 ? 200 : random.nextInt(6);
      long length = LogScript.BEGIN_LENGTH + LogScript.END_LENGTH;
      for (int e = 0; e < eventCount; e++) {
        int dropped = random.nextInt(4) == 0 ? 1 + random.nextInt(3) : 0;
        Event event =
            new Event(row + dropped, 1 + random.nextInt(4), dropped, random.nextInt(1500));
        events.add(event);
        for (int r = 0; r < event.rows(); r++) {
          rows.add(event.first() + r);
        }
        row += dropped + event.rows();
        length += LogScript.rowsLength(event.padding());
      }
      transactions.add(new Written(file, offset, events));
      offset += length;
    }
  }

  /** All rows that a filter keeps, in their order. */
  List<Integer> rows() {
    return rows;
  }

  SourcePosition start() {
    return gtids ? LogScript.START_WITH_GTIDS : LogScript.START;
  }

  /** From now on no stream begins before that transaction. */
  void purge(int transaction) {
    purged = transaction;
  }

  /** The first transaction behind a position. */
  int after(SourcePosition position) {
    for (int t = 0; t < transactions.size(); t++) {
      Written written = transactions.get(t);
      int order = LogFile.compareNames(written.file(), position.file());
      if (order > 0 || (order == 0 && written.offset() >= position.offset())) {
        return t;
      }
    }
    return transactions.size();
  }

  Stream stream(ChangeLog log, SourcePosition start) {
    return new Stream(log, start);
  }

  final class Stream implements CatchUps.Stream {
    private final ChangeLog log;
    private final int first;
    private final Thread thread = new Thread(this::run, "scripted-receiver");
    private volatile SourcePosition reached;
    private volatile ReceiverStatus.State state = ReceiverStatus.State.STREAMING;
    private volatile Throwable failure;

    private Stream(ChangeLog log, SourcePosition start) {
      this.log = log;
      this.first = after(start);
      this.reached = start;
    }

    @Override
    public ChangeLog log() {
      return log;
    }

    @Override
    public ReceiverStatus status() {
      return new ReceiverStatus(
          state, "purged", Instant.EPOCH, reached.file(), reached.offset(), 0, 0, 0, 0);
    }

    @Override
    public void start() {
      thread.setDaemon(true);
      thread.start();
    }

    private void run() {
      if (first < purged) {
        state = ReceiverStatus.State.STOPPED;
        return;
      }
      try {
        write();
      } catch (InterruptedException e) {
        state = ReceiverStatus.State.CLOSED;
      } catch (RuntimeException e) {
        failure = e;
      }
    }

    private void write() throws InterruptedException {
      LogScript script = null;
      for (int t = first; t < transactions.size(); t++) {
        Written written = transactions.get(t);
        if (script == null) {
          script = new LogScript(log, written.file(), written.offset());
        } else if (t % TRANSACTIONS_PER_FILE == 0) {
          script.move(written.file());
        }
        script.begin(gtids ? t + 1 : 0);
        for (Event event : written.events()) {
          if (event.dropped() > 0) {
            script.skipRows(event.dropped());
          }
          script.rows(event.first(), event.rows(), event.padding());
        }
        script.end();
        reached =
            new SourcePosition(
                Optional.empty(),
                Optional.of(LogScript.SERVER),
                written.file(),
                script.offset(),
                Optional.empty());
      }
    }

    /** What went wrong on its thread; {@code null} for nothing. */
    Throwable failure() {
      return failure;
    }

    @Override
    public void close() {
      thread.interrupt();
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
