package io.canal.server;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.admin.AdminSocket;
import io.canal.server.admin.PositionDesk;
import io.canal.server.cluster.AdvertisedAddress;
import io.canal.server.cluster.ClusterNodes;
import io.canal.server.cluster.ZookeeperClients;
import io.canal.server.config.Configuration;
import io.canal.server.config.Configuration.Destination;
import io.canal.server.config.InstanceSettings;
import io.canal.server.config.ServerSettings;
import io.canal.server.http.HttpServer;
import io.canal.server.instance.Instance;
import io.canal.server.instance.Shared;
import io.canal.server.position.FilePositionStore;
import io.canal.server.position.PositionSaver;
import io.canal.server.position.PositionStore;
import io.canal.server.position.ZookeeperPositionStore;
import io.canal.server.status.InstanceStatus;
import io.canal.server.status.ServerStatus;
import io.canal.server.status.ServerVersion;
import io.canal.server.status.StatusSource;
import io.canal.server.subscription.BatchBuffers;
import io.canal.server.subscription.EncodedBytes;
import io.canal.server.subscription.Subscriptions;
import io.canal.server.tcp.TcpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server as a whole: starts what the configuration names, wires it together, and stops it in
 * reverse order. Here alone everybody is known.
 */
public final class CanalServer implements AutoCloseable, StatusSource {
  private static final Logger LOG = LoggerFactory.getLogger(CanalServer.class);
  private static final Duration TICK = Duration.ofSeconds(1);
  private static final Duration ZOOKEEPER_SESSION = Duration.ofSeconds(15);
  private static final Duration ZOOKEEPER_PATIENCE = Duration.ofSeconds(10);
  private static final Duration CLAIM_PATIENCE = ZOOKEEPER_SESSION.multipliedBy(2);
  private static final long IDLE_BUFFER_BYTES = 16L * 1024 * 1024;

  /** Encoded entries lie beside the heap, and may take this part of its size. */
  private static final int ENCODED_SHARE_OF_HEAP = 8;

  private final Configuration configuration;
  private final ServerSettings settings;
  private final Clock clock = Clock.systemUTC();
  private final Instant started = clock.instant();
  private final Map<String, Instance> instances = new TreeMap<>();

  // closed in reverse order; owned by the starting thread until start returns
  private final Deque<AutoCloseable> closeables = new ArrayDeque<>();
  private volatile Optional<InetSocketAddress> address = Optional.empty();

  private CanalServer(Configuration configuration) {
    this.configuration = requireNonNull(configuration, "configuration is null");
    this.settings = configuration.server().orElseThrow();
  }

  /**
   * Starts the server and returns once its ports are open; destinations connect meanwhile, see
   * {@link #status}.
   *
   * @throws CanalException with STOP_SERVER if it cannot start
   */
  public static CanalServer start(Configuration configuration) {
    CanalServer server = new CanalServer(configuration);
    try {
      server.open();
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private void open() {
    ScheduledExecutorService scheduler = scheduler();
    ExecutorService workers =
        executor("worker", Math.max(2, Runtime.getRuntime().availableProcessors()));
    Shared shared =
        new Shared(
            workers,
            executor("positions", 2),
            executor("starts", 2),
            settings.dataDirectory(),
            new BatchBuffers(IDLE_BUFFER_BYTES),
            new EncodedBytes(Runtime.getRuntime().maxMemory() / ENCODED_SHARE_OF_HEAP),
            clock);
    HttpServer http = own(new HttpServer(settings.httpHost(), settings.httpPort(), this));
    http.start();
    Optional<Cluster> cluster = settings.zkServers().map(this::joinCluster);
    for (Destination destination : configuration.destinations()) {
      destination
          .settings()
          .ifPresent(
              of ->
                  instances.put(destination.name(), own(instance(of, shared, scheduler, cluster))));
    }
    openAdminSocket();
    TcpServer tcp =
        own(
            new TcpServer(
                settings.bindHost(),
                settings.port(),
                settings.users(),
                settings.limits(),
                settings.tls().map(TlsContexts::server),
                this::subscriptions));
    tcp.start();
    instances.values().forEach(Instance::start);
    Future<?> unused =
        scheduler.scheduleWithFixedDelay(
            this::tick, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
    address = Optional.of(tcp.address());
  }

  private void openAdminSocket() {
    SortedMap<String, PositionDesk> desks = new TreeMap<>();
    instances.forEach((destination, instance) -> desks.put(destination, instance.positionDesk()));
    AdminSocket socket = own(new AdminSocket(settings.dataDirectory(), desks));
    try {
      socket.start();
    } catch (IOException e) {
      LOG.warn(
          "{}: cannot be opened, so `bin/canal position` cannot reach this server: {}",
          settings.dataDirectory().resolve(AdminSocket.NAME),
          e.getMessage());
    }
  }

  /** What ZooKeeper is used for, when it is configured. */
  private record Cluster(CuratorFramework client, ClusterNodes nodes) {}

  private Cluster joinCluster(String servers) {
    CuratorFramework client =
        own(ZookeeperClients.open(servers, ZOOKEEPER_SESSION, ZOOKEEPER_PATIENCE));
    String advertised =
        AdvertisedAddress.of(
            settings.registerHost().orElse(""), settings.bindHost(), settings.port());
    ClusterNodes nodes =
        own(
            new ClusterNodes(
                client,
                advertised,
                (destination, reason) -> instances.get(destination).stop(reason.getMessage())));
    nodes.start();
    LOG.info("listed in ZooKeeper at {} as {}", servers, advertised);
    return new Cluster(client, nodes);
  }

  private Instance instance(
      InstanceSettings of,
      Shared shared,
      ScheduledExecutorService scheduler,
      Optional<Cluster> cluster) {
    String destination = of.destination();
    PositionStore store =
        cluster
            .<PositionStore>map(
                c ->
                    new ZookeeperPositionStore(
                        c.client(), destination, of.address().host(), of.address().port()))
            .orElseGet(() -> new FilePositionStore(settings.dataDirectory(), destination));
    PositionSaver positions =
        new PositionSaver(
            destination,
            store,
            PositionSaver.Scheduler.of(scheduler),
            Duration.ofMillis(settings.positionFlushMs()));
    Runnable claim = () -> cluster.ifPresent(c -> c.nodes().claim(destination, CLAIM_PATIENCE));
    return new Instance(of, positions, claim, shared);
  }

  private Subscriptions subscriptions(String destination) {
    Instance instance = instances.get(destination);
    if (instance == null) {
      throw new CanalException(
          ErrorCode.BAD_REQUEST,
          "destination '%s' does not exist or is not configured right".formatted(destination));
    }
    return instance.subscriptions();
  }

  private void tick() {
    for (Instance instance : instances.values()) {
      try {
        instance.tick();
      } catch (RuntimeException e) {
        LOG.error("tick failed", e);
      }
    }
  }

  private ScheduledExecutorService scheduler() {
    ScheduledExecutorService scheduler =
        Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "scheduler"));
    own(() -> end(scheduler));
    return scheduler;
  }

  private ExecutorService executor(String role, int threads) {
    AtomicInteger number = new AtomicInteger();
    ExecutorService executor =
        Executors.newFixedThreadPool(
            threads, task -> new Thread(task, role + "-" + number.incrementAndGet()));
    own(() -> end(executor));
    return executor;
  }

  private static void end(ExecutorService executor) throws InterruptedException {
    executor.shutdown();
    if (!executor.awaitTermination(5, TimeUnit.SECONDS)) {
      executor.shutdownNow();
    }
  }

  private <T extends AutoCloseable> T own(T closeable) {
    closeables.push(closeable);
    return closeable;
  }

  @Override
  public ServerStatus status() {
    List<InstanceStatus> all = configuration.destinations().stream().map(this::status).toList();
    return new ServerStatus(
        ServerVersion.get(), started, address.map(a -> a.getHostString() + ":" + a.getPort()), all);
  }

  private InstanceStatus status(Destination destination) {
    Instance instance = instances.get(destination.name());
    return instance == null
        ? InstanceStatus.stopped(
            destination.name(), destination.problems().get(0).toString(), started)
        : instance.status();
  }

  /** Stops everything; what clients have acknowledged is saved. */
  @Override
  public void close() {
    RuntimeException failure = null;
    while (!closeables.isEmpty()) {
      try {
        closeables.pop().close();
      } catch (Exception e) {
        if (failure == null) {
          failure = new IllegalStateException("the server did not stop cleanly", e);
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
