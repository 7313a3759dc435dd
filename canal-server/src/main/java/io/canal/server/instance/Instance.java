package io.canal.server.instance;

import static java.util.Objects.requireNonNull;

import io.canal.parser.binlog.SourceErrorException;
import io.canal.parser.consumer.CatchUpStreams;
import io.canal.parser.consumer.CatchUps;
import io.canal.parser.entry.EntryEncoder;
import io.canal.parser.entry.TableEncodings;
import io.canal.parser.log.ChangeLog;
import io.canal.parser.log.Frame;
import io.canal.parser.log.RowCounter;
import io.canal.parser.log.SpillDirectory;
import io.canal.parser.row.RowsEvent;
import io.canal.parser.schema.InformationSchema;
import io.canal.parser.schema.TableFilter;
import io.canal.parser.schema.TableSchemas;
import io.canal.parser.source.Receiver;
import io.canal.parser.source.ReceiverStatus;
import io.canal.parser.source.SchemaSession;
import io.canal.parser.source.SourceChecks;
import io.canal.parser.source.SourceConfig;
import io.canal.parser.source.SourceInfo;
import io.canal.parser.source.SourceTimeZone;
import io.canal.parser.source.SqlSession;
import io.canal.parser.source.StartPositions;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import io.canal.protocol.Start;
import io.canal.server.admin.Consumers;
import io.canal.server.admin.PositionDesk;
import io.canal.server.admin.SourceLog;
import io.canal.server.config.InstanceSettings;
import io.canal.server.position.PositionSaver;
import io.canal.server.position.StoredConsumer;
import io.canal.server.position.StoredPositions;
import io.canal.server.status.ConsumerStatus;
import io.canal.server.status.InstanceState;
import io.canal.server.status.InstanceStatus;
import io.canal.server.subscription.Subscriptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One destination: its source, its change log and its subscriptions, wired together. A thread of
 * its own connects for the first time, as long as that takes; then the receiver's goes on.
 */
public final class Instance implements Consumers, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Instance.class);
  private static final long FIRST_BACKOFF_MS = 100;
  private static final long LAST_BACKOFF_MS = 10_000;
  private static final long CATCH_UP_LOG_BYTES = 8L * 1024 * 1024;

  private final InstanceSettings settings;
  private final SourceConfig source;
  private final PositionSaver positions;
  private final Runnable claim;
  private final Shared shared;

  // guarded by this
  private Thread starter;
  private boolean starting;
  private long movesByHand;
  private long movesKnown;

  // written by the starting thread
  private volatile boolean loaded;

  private volatile Situation situation;
  private volatile Optional<Running> running = Optional.empty();
  private volatile boolean closed;

  private record Situation(InstanceState state, String reason, Instant since) {}

  /** What exists once the source has answered. */
  private record Running(ChangeLog log, Subscriptions subscriptions, Receiver receiver) {}

  /**
   * @param positions of this destination; closed with it
   * @param claim makes sure that no other server runs the destination; throws where one does
   */
  public Instance(
      InstanceSettings settings, PositionSaver positions, Runnable claim, Shared shared) {
    this.settings = requireNonNull(settings, "settings is null");
    this.source = SourceConfigs.of(settings);
    this.positions = requireNonNull(positions, "positions is null");
    this.claim = requireNonNull(claim, "claim is null");
    this.shared = requireNonNull(shared, "shared is null");
    this.situation = new Situation(InstanceState.STARTING, "", shared.clock().instant());
  }

  public synchronized void start() {
    starting = true;
    starter = new Thread(this::connectOnce, "starter-" + destination());
    starter.start();
  }

  private String destination() {
    return settings.destination();
  }

  /**
   * Where clients are served.
   *
   * @throws CanalException with {@code RETRY} that says why they are not yet, or no longer
   */
  public Subscriptions subscriptions() {
    Situation now = situation;
    return running
        .map(Running::subscriptions)
        .orElseThrow(
            () ->
                new CanalException(
                    ErrorCode.RETRY,
                    "destination %s is %s%s"
                        .formatted(
                            destination(),
                            now.state(),
                            now.reason().isEmpty() ? "" : ": " + now.reason())));
  }

  /** Called about once a second. */
  public void tick() {
    running.ifPresent(r -> r.subscriptions().tick());
  }

  private void connectOnce() {
    try {
      connect();
    } finally {
      synchronized (this) {
        starting = false;
        if (!closed && running.isEmpty() && movesKnown != movesByHand) {
          start(); // stopped by what was mended meanwhile
        }
      }
    }
  }

  private void connect() {
    long backoffMs = FIRST_BACKOFF_MS;
    while (!closed) {
      try {
        claim.run();
        open();
        return;
      } catch (CanalException e) {
        if (e.code() != ErrorCode.RETRY) {
          LOG.error("{}: STARTING -> STOPPED: {}", destination(), e.getMessage());
          become(InstanceState.STOPPED, e.getMessage());
          return;
        }
        waiting(e.getMessage());
      } catch (SourceErrorException e) {
        waiting(source.address() + ": " + e.getMessage());
      } catch (IOException e) {
        waiting("cannot connect to " + source.address() + ": " + describe(e));
      } catch (RuntimeException | Error e) {
        LOG.error("{}: STARTING -> STOPPED", destination(), e);
        become(InstanceState.STOPPED, e.toString());
        return;
      }
      try {
        Thread.sleep(backoffMs);
      } catch (InterruptedException e) {
        return;
      }
      backoffMs = Math.min(LAST_BACKOFF_MS, backoffMs * 2);
    }
  }

  private static String describe(IOException e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private void waiting(String reason) {
    if (!reason.equals(situation.reason())) {
      LOG.warn("{}: {}", destination(), reason);
      become(InstanceState.STARTING, reason);
    }
  }

  private void become(InstanceState state, String reason) {
    situation = new Situation(state, reason, shared.clock().instant());
  }

  private void open() throws IOException {
    if (!loaded) {
      positions.start();
      loaded = true;
    }
    StoredPositions stored;
    synchronized (this) {
      stored = positions.current();
      movesKnown = movesByHand;
    }
    SourceInfo info;
    ZoneId zone;
    StartingPoint start;
    try (SqlSession session = SqlSession.open(source)) {
      info = SourceInfo.read(session);
      var problems = SourceChecks.check(info, session, source);
      SourceChecks.requireNoFatal(source, problems);
      problems.forEach(problem -> LOG.warn("{}: {}", destination(), problem.text()));
      SourceTimeZone timeZone =
          SourceTimeZone.resolve(settings.timeZone().map(ZoneId::getId), info, session);
      timeZone.warning().ifPresent(text -> LOG.warn("{}: {}", destination(), text));
      zone = timeZone.zone();
      start =
          StartingPoint.find(
              destination(),
              stored,
              settings.start(),
              settings.logBytes() / 2,
              info,
              new StartPositions(info, session, source),
              positions);
    }
    LOG.info(
        "{}: {} is {}, gtid_mode {}, TIMESTAMP is written in {}",
        destination(),
        source.address(),
        info.version(),
        info.gtidMode() ? "ON" : "OFF",
        zone);
    run(zone, start);
  }

  private SpillDirectory spillDirectory() {
    Path directory = shared.dataDirectory().resolve(destination()).resolve("log");
    try {
      return SpillDirectory.emptied(directory, settings.logDiskBytes());
    } catch (IOException e) {
      throw new CanalException(
          ErrorCode.RETRY,
          "cannot empty %s, the disk part of the change log: %s".formatted(directory, e),
          e);
    }
  }

  private void run(ZoneId zone, StartingPoint start) throws IOException {
    SpillDirectory directory = spillDirectory();
    SchemaSession schemaSession = new SchemaSession(source);
    TableFilter filter = TableFilter.of(settings.filter(), settings.blackFilter());
    TableSchemas schemas = new TableSchemas(new InformationSchema(schemaSession), filter);
    ThreadLocal<RowsEvent> counting = ThreadLocal.withInitial(RowsEvent::new);
    RowCounter rowCounter = frame -> countRows(counting.get(), schemas, frame);
    ChangeLog log = new ChangeLog(settings.logBytes(), start.stream(), rowCounter, directory);
    CatchUps catchUps =
        new CatchUps(
            destination(),
            new CatchUpStreams(
                destination(),
                source,
                schemas,
                rowCounter,
                Math.min(CATCH_UP_LOG_BYTES, settings.logBytes()),
                shared.clock()),
            shared.storeExecutor(),
            System::nanoTime);
    TableEncodings tables = new TableEncodings(schemas, zone);
    Subscriptions subscriptions =
        new Subscriptions(
            destination(),
            log,
            catchUps,
            positions,
            expression ->
                new EntryFilter(
                    schemas,
                    expression.isEmpty() ? filter : filter.and(TableFilter.of(expression)),
                    settings.gtidHeaders()),
            () ->
                new Entries(
                    new EntryEncoder(tables, settings.gtidHeaders()), settings.gtidHeaders()),
            settings.batchMode(),
            shared.buffers(),
            shared.budget(),
            shared.workers(),
            this::resolve,
            shared.storeExecutor(),
            shared.sourceExecutor(),
            shared.clock(),
            System::nanoTime);
    start.consumers().forEach(subscriptions::restore);
    Receiver receiver =
        new Receiver(
            destination(), source, log, schemas, schemaSession, start.stream(), shared.clock());
    synchronized (this) {
      if (closed) {
        subscriptions.close();
        return;
      }
      if (movesKnown != movesByHand) {
        subscriptions.close();
        log.close();
        throw new CanalException(ErrorCode.RETRY, "positions were set meanwhile");
      }
      running = Optional.of(new Running(log, subscriptions, receiver));
      receiver.start();
    }
  }

  private SourcePosition resolve(Start start) {
    try (SourceLog log = SourceLog.open(source)) {
      return log.resolve(start).position();
    }
  }

  private static int countRows(RowsEvent rows, TableSchemas schemas, Frame frame) {
    return rows.countRows(
        frame.array(),
        frame.bodyOffset(),
        frame.bodyLength(),
        schemas.get(frame.tableVersion()).map());
  }

  /** Any thread; never waits. */
  public InstanceStatus status() {
    Optional<Running> now = running;
    if (now.isEmpty()) {
      Situation s = situation;
      return InstanceStatus.notRunning(
          destination(), s.state(), s.reason(), s.since(), source.address());
    }
    Running r = now.get();
    return Statuses.of(
        destination(),
        source.address(),
        r.receiver().status(),
        r.log().status(),
        r.subscriptions().list(),
        positions.lastError(),
        shared.clock());
  }

  /** Where an operator looks at the positions of its consumers and sets them. */
  public PositionDesk positionDesk() {
    return new PositionDesk(destination(), source, this);
  }

  @Override
  public String state() {
    InstanceStatus now = status();
    return now.state() + (now.reason().isEmpty() ? "" : ": " + now.reason());
  }

  @Override
  public List<ConsumerStatus> list() {
    return running.isPresent()
        ? status().consumers()
        : StoredConsumers.statuses(positions.current());
  }

  @Override
  public synchronized void requireOwned() {
    if (closed || !loaded) {
      Situation now = situation;
      throw new CanalException(
          ErrorCode.BAD_REQUEST,
          "destination %s is %s here, and its positions with it%s"
              .formatted(
                  destination(), now.state(), now.reason().isEmpty() ? "" : ": " + now.reason()));
    }
  }

  /** Begins anew if the destination has stopped: the position may have been the reason. */
  @Override
  public void moveTo(String clientId, SourcePosition position) {
    Optional<Running> serving;
    synchronized (this) {
      requireOwned();
      serving = running.filter(r -> !isStopped(r));
      if (serving.isEmpty()) {
        halt();
        String filter =
            Optional.ofNullable(positions.current().consumers().get(clientId))
                .map(StoredConsumer::filter)
                .orElse("");
        positions.save(clientId, new StoredConsumer(filter, position));
        beginAnew();
      }
    }
    serving.ifPresent(r -> r.subscriptions().moveTo(clientId, position));
  }

  @Override
  public void forget(String clientId) {
    Optional<Running> serving;
    synchronized (this) {
      requireOwned();
      serving = running.filter(r -> !isStopped(r));
      if (serving.isEmpty()) {
        halt();
        positions.delete(clientId);
        beginAnew();
      }
    }
    serving.ifPresent(r -> r.subscriptions().delete(clientId));
  }

  private static boolean isStopped(Running r) {
    return r.receiver().status().state() == ReceiverStatus.State.STOPPED;
  }

  private void halt() {
    running.ifPresent(Instance::end);
    running = Optional.empty();
  }

  /** A start that is under way notices; one that has ended is made again. */
  private void beginAnew() {
    movesByHand++;
    if (!starting) {
      LOG.info("{}: STOPPED -> STARTING", destination());
      become(InstanceState.STARTING, "");
      start();
    }
  }

  /** Another server has the destination, or an operator wants it to end; the reason is shown. */
  public void stop(String reason) {
    LOG.error("{}: STOPPED: {}", destination(), reason);
    end();
    running = Optional.empty();
    become(InstanceState.STOPPED, reason);
  }

  /** Ends it; positions that were acknowledged are saved. */
  @Override
  public void close() {
    end();
  }

  private void end() {
    Optional<Running> last;
    Thread begun;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      last = running;
      begun = starter;
    }
    if (begun != null) {
      begun.interrupt();
    }
    last.ifPresent(Instance::end);
    positions.close();
  }

  private static void end(Running last) {
    last.receiver().close();
    last.subscriptions().close();
    last.log().close();
  }
}
