package io.canal.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Start;
import io.canal.server.admin.AdminJson;
import io.canal.server.admin.PositionDesk;
import io.canal.server.cluster.ClusterNodes;
import io.canal.server.cluster.ZookeeperClients;
import io.canal.server.config.Configuration;
import io.canal.server.config.Configuration.Destination;
import io.canal.server.config.ConfigurationLoader;
import io.canal.server.config.InstanceSettings;
import io.canal.server.config.ServerSettings;
import io.canal.server.instance.StoredConsumers;
import io.canal.server.position.FilePositionStore;
import io.canal.server.position.ZookeeperPositionStore;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.curator.framework.CuratorFramework;

/**
 * Where positions are shown and set: at the server of this directory while it runs, else in its
 * store. For one thread.
 */
final class PositionAccess implements AutoCloseable {
  private static final Duration ZOOKEEPER_SESSION = Duration.ofSeconds(15);
  private static final Duration ZOOKEEPER_PATIENCE = Duration.ofSeconds(10);

  private final Configuration configuration;
  private final ServerSettings settings;
  private final Optional<AdminClient> server;
  private final Optional<CuratorFramework> zookeeper;

  private PositionAccess(
      Configuration configuration,
      ServerSettings settings,
      Optional<AdminClient> server,
      Optional<CuratorFramework> zookeeper) {
    this.configuration = configuration;
    this.settings = settings;
    this.server = server;
    this.zookeeper = zookeeper;
  }

  static PositionAccess open() {
    Configuration configuration = ConfigurationLoader.load(CanalCommand.home(), System.getenv());
    ServerSettings settings =
        configuration
            .server()
            .orElseThrow(
                () ->
                    new CanalException(
                        ErrorCode.BAD_REQUEST,
                        "conf/canal.properties has problems, see `bin/canal check`"));
    Optional<AdminClient> server = AdminClient.find(settings.dataDirectory());
    Optional<CuratorFramework> zookeeper =
        server.isPresent()
            ? Optional.empty()
            : settings
                .zkServers()
                .map(
                    servers ->
                        ZookeeperClients.open(servers, ZOOKEEPER_SESSION, ZOOKEEPER_PATIENCE));
    return new PositionAccess(configuration, settings, server, zookeeper);
  }

  JsonNode show(Optional<String> destination, Optional<String> clientId) {
    if (server.isPresent()) {
      return server.get().get(path(destination, clientId));
    }
    List<String> names =
        destination
            .map(List::of)
            .orElseGet(() -> configuration.destinations().stream().map(Destination::name).toList());
    return AdminJson.of(names.stream().map(name -> desk(name).show(clientId)).toList());
  }

  JsonNode set(String destination, String clientId, Start start, boolean dryRun) {
    return server
        .map(
            to ->
                to.put(
                    path(Optional.of(destination), Optional.of(clientId)),
                    JsonNodeFactory.instance
                        .objectNode()
                        .put("start", start.toString())
                        .put("dryRun", dryRun)))
        .orElseGet(() -> AdminJson.of(desk(destination).set(clientId, start, dryRun)));
  }

  JsonNode reset(String destination, String clientId, boolean dryRun) {
    return server
        .map(
            at ->
                at.delete(
                    path(Optional.of(destination), Optional.of(clientId)) + "?dryRun=" + dryRun))
        .orElseGet(() -> AdminJson.of(desk(destination).forget(clientId, dryRun)));
  }

  private static String path(Optional<String> destination, Optional<String> clientId) {
    return "/positions"
        + destination.map(name -> "/" + encode(name)).orElse("")
        + clientId.map(name -> "/" + encode(name)).orElse("");
  }

  private static String encode(String name) {
    return URLEncoder.encode(name, UTF_8).replace("+", "%20");
  }

  private PositionDesk desk(String name) {
    Destination destination =
        configuration.destinations().stream()
            .filter(one -> one.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new CanalException(
                        ErrorCode.BAD_REQUEST,
                        "no destination '%s' in conf/, there are %s"
                            .formatted(
                                name,
                                configuration.destinations().stream()
                                    .map(Destination::name)
                                    .toList())));
    InstanceSettings of =
        destination
            .settings()
            .orElseThrow(
                () ->
                    new CanalException(
                        ErrorCode.BAD_REQUEST, destination.problems().get(0).toString()));
    return zookeeper
        .map(client -> inZookeeper(client, of))
        .orElseGet(
            () -> new StoredConsumers(() -> file(name).read(), () -> file(name), Optional::empty))
        .desk(of);
  }

  private FilePositionStore file(String destination) {
    return new FilePositionStore(settings.dataDirectory(), destination);
  }

  private static StoredConsumers inZookeeper(CuratorFramework client, InstanceSettings of) {
    String name = of.destination();
    String host = of.address().host();
    int port = of.address().port();
    return new StoredConsumers(
        () -> new ZookeeperPositionStore(client, name, host, port).load(),
        () -> ZookeeperPositionStore.unlessRunning(client, name, host, port),
        () -> ClusterNodes.runningServer(client, name));
  }

  @Override
  public void close() {
    zookeeper.ifPresent(CuratorFramework::close);
  }
}
