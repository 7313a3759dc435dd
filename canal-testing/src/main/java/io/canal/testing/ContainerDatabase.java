package io.canal.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.SECONDS;

import com.github.dockerjava.api.model.PortBinding;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
import org.testcontainers.mysql.MySQLContainer;
import org.testcontainers.utility.DockerImageName;

/** A database from its official image, through Testcontainers. */
final class ContainerDatabase implements DatabaseHost {
  private static final int SERVER_PORT = 3306;
  private static final long PING_SECONDS = 2;
  private static final int LOG_TAIL_CHARS = 4_000;

  private final MySQLContainer container;

  ContainerDatabase(String service, String version, List<String> options) {
    // A port that Docker chooses would change when the server starts again.
    String port = Integer.toString(FreePort.find());
    container =
        new MySQLContainer(
                DockerImageName.parse(service + ":" + version).asCompatibleSubstituteFor("mysql"))
            .withUsername("root")
            .withPassword("canal-testing")
            .withConfigurationOverride("io/canal/testing/container")
            .withCommand(options.toArray(String[]::new))
            .withCreateContainerCmdModifier(
                command ->
                    command
                        .getHostConfig()
                        .withPortBindings(PortBinding.parse(port + ":" + SERVER_PORT)));
  }

  /**
   * Whether a Docker API answers within two seconds; Testcontainers' own search takes longer and
   * logs at length.
   */
  static boolean available(Map<String, String> environment) {
    return address(environment).map(ContainerDatabase::answers).orElse(false);
  }

  private static Optional<SocketAddress> address(Map<String, String> environment) {
    String dockerHost = environment.getOrDefault("DOCKER_HOST", "unix:///var/run/docker.sock");
    URI uri = URI.create(dockerHost);
    if ("unix".equals(uri.getScheme())) {
      Path socket = Path.of(uri.getPath());
      return Files.exists(socket)
          ? Optional.of(UnixDomainSocketAddress.of(socket))
          : Optional.empty();
    }
    return uri.getHost() == null || uri.getPort() < 0
        ? Optional.empty()
        : Optional.of(new InetSocketAddress(uri.getHost(), uri.getPort()));
  }

  private static boolean answers(SocketAddress address) {
    FutureTask<Boolean> ping =
        new FutureTask<>(
            () -> {
              try (SocketChannel channel = SocketChannel.open(address)) {
                channel.write(ByteBuffer.wrap("GET /_ping HTTP/1.0\r\n\r\n".getBytes(US_ASCII)));
                ByteBuffer answer = ByteBuffer.allocate("HTTP/1.x 200".length());
                while (answer.hasRemaining() && channel.read(answer) >= 0) {}
                return new String(answer.array(), US_ASCII).endsWith(" 200");
              }
            });
    Thread thread = new Thread(ping, "docker-ping");
    thread.setDaemon(true);
    thread.start();
    try {
      return ping.get(PING_SECONDS, SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  @Override
  public void start() {
    if (container.getContainerId() == null) {
      container.start();
    } else {
      container.getDockerClient().startContainerCmd(container.getContainerId()).exec();
    }
  }

  @Override
  public void stop() {
    container.getDockerClient().stopContainerCmd(container.getContainerId()).withTimeout(60).exec();
  }

  @Override
  public void kill() {
    container
        .getDockerClient()
        .killContainerCmd(container.getContainerId())
        .withSignal("KILL")
        .exec();
    container
        .getDockerClient()
        .waitContainerCmd(container.getContainerId())
        .start()
        .awaitStatusCode();
  }

  @Override
  public void delete() {
    container.stop();
  }

  @Override
  public boolean alive() {
    return container.isRunning();
  }

  @Override
  public String host() {
    return container.getHost();
  }

  @Override
  public int port() {
    return container.getMappedPort(SERVER_PORT);
  }

  @Override
  public String user() {
    return container.getUsername();
  }

  @Override
  public String password() {
    return container.getPassword();
  }

  @Override
  public Optional<Path> dataDirectory() {
    return Optional.empty();
  }

  @Override
  public String logTail() {
    String log = container.getContainerId() == null ? "(no container)" : container.getLogs();
    return log.substring(Math.max(0, log.length() - LOG_TAIL_CHARS));
  }
}
