package io.canal.server.config;

import static io.canal.server.config.ConfigurationDirectory.SOURCE;
import static org.assertj.core.api.Assertions.assertThat;

import io.canal.server.config.ServerSettings.TcpLimits;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerSettingsTest {
  private static final String HASH = "0123456789abcdef0123456789abcdef01234567";
  private static final String PUBLISHED = "E3619321C1A937C46A0D8BD1DAC39F93B27D4458";

  @TempDir Path home;
  private ConfigurationDirectory directory;

  @BeforeEach
  void setUp() {
    directory = new ConfigurationDirectory(home).instance("example", SOURCE);
  }

  @Test
  void shouldHaveDefaults() {
    directory.canal();

    assertThat(directory.server())
        .isEqualTo(
            new ServerSettings(
                "127.0.0.1",
                11111,
                Optional.empty(),
                "127.0.0.1",
                11112,
                Optional.empty(),
                List.of(),
                Optional.empty(),
                new TcpLimits(1 << 20, 1000, 10_000, 3_600_000),
                home.resolve("data"),
                1000,
                home.resolve("conf"),
                List.of(),
                true));
  }

  @Test
  void shouldReadEverySetting() {
    directory
        .write("tls/server.p12", "")
        .instance("shop", SOURCE)
        .canal(
            "canal.ip = 10.0.0.7",
            "canal.register.ip = 192.0.2.7",
            "canal.port = 21111",
            "canal.metrics.pull.host = 10.0.0.7",
            "canal.metrics.pull.port = 21112",
            "canal.zkServers = zk1:2181,zk2:2181",
            "canal.zookeeper.flush.period = 200",
            "canal.file.data.dir = /var/lib/canal",
            "canal.file.flush.period = 300",
            "canal.serverMode = tcp",
            "canal.user = admin",
            "canal.passwd = *" + HASH.toUpperCase(Locale.ROOT),
            "canal.users.app.passwd = " + HASH,
            "canal.users.app.destinations = shop",
            "canal.tls.keyStore.path = ../tls/server.p12",
            "canal.tls.keyStore.type = JKS",
            "canal.tls.keyStore.password = secret",
            "canal.tcp.maxFrameBytes = 2048",
            "canal.tcp.maxConnections = 5",
            "canal.tcp.authenticationTimeoutMs = 500",
            "canal.tcp.idleTimeoutMs = 60000",
            "canal.conf.dir = ../conf",
            "canal.destinations = shop",
            "canal.auto.scan = false");

    assertThat(directory.server())
        .isEqualTo(
            new ServerSettings(
                "10.0.0.7",
                21111,
                Optional.of("192.0.2.7"),
                "10.0.0.7",
                21112,
                Optional.of("zk1:2181,zk2:2181"),
                List.of(new User("admin", HASH, Set.of()), new User("app", HASH, Set.of("shop"))),
                Optional.of(
                    new KeyStoreFile(home.resolve("tls/server.p12"), "JKS", new Secret("secret"))),
                new TcpLimits(2048, 5, 500, 60_000),
                Path.of("/var/lib/canal"),
                200,
                home.resolve("conf"),
                List.of("shop"),
                false));
  }

  @Test
  void shouldListenOnAllInterfacesOnceThereIsAPassword() {
    directory.canal("canal.passwd = " + HASH);

    assertThat(directory.server().bindHost()).isEqualTo("0.0.0.0");
    assertThat(directory.load().notices()).isEmpty();
  }

  @Test
  void shouldStayOnThisMachineWithThePublishedPassword() {
    directory.canal("canal.user = canal", "canal.passwd = " + PUBLISHED);

    assertThat(directory.server().bindHost()).isEqualTo("127.0.0.1");
    assertThat(directory.load().notices())
        .singleElement()
        .asString()
        .contains("published with Alibaba Canal");
  }

  @Test
  void shouldWarnOfThePublishedPasswordOnANetwork() {
    directory.canal("canal.ip = 0.0.0.0", "canal.user = canal", "canal.passwd = " + PUBLISHED);

    assertThat(directory.server().bindHost()).isEqualTo("0.0.0.0");
    assertThat(directory.load().notices())
        .singleElement()
        .asString()
        .contains("anybody who reaches the port");
  }

  @Test
  void shouldRefuseANetworkAddressWithoutUsers() {
    directory.canal("", "canal.ip = 0.0.0.0");

    assertThat(directory.load().serverProblems())
        .singleElement()
        .asString()
        .startsWith("conf/canal.properties:2: 'canal.ip' expected a loopback address")
        .contains("found '0.0.0.0'", "bin/canal password");
  }

  @Test
  void shouldAcceptALoopbackAddressWithoutUsers() {
    directory.canal("canal.ip = ::1");

    assertThat(directory.server().bindHost()).isEqualTo("::1");
  }

  @Test
  void shouldReportAllProblemsOfUsers() {
    directory.canal(
        "canal.passwd = plain",
        "canal.users.a.destinations = example",
        "canal.users.b.passwd = " + HASH,
        "canal.users.b.destinations = example, nowhere");

    assertThat(directory.load().serverProblems())
        .extracting(Problem::toString)
        .containsExactly(
            "conf/canal.properties: 'canal.users.a.passwd' is missing, expected hex of"
                + " SHA1(SHA1(password)), see `bin/canal password`",
            "conf/canal.properties:1: 'canal.passwd' expected hex of SHA1(SHA1(password)), see"
                + " `bin/canal password`, or nothing, found something else",
            "conf/canal.properties:4: 'canal.users.b.destinations' names no destination:"
                + " 'nowhere'");
  }

  @Test
  void shouldRefuseOtherServerModes() {
    directory.canal("canal.serverMode = kafka");

    assertThat(directory.load().serverProblems())
        .extracting(Problem::toString)
        .containsExactly(
            "conf/canal.properties:1: 'canal.serverMode' expected tcp, found 'kafka' (message"
                + " queues are not built yet)");
  }

  @Test
  void shouldPreferTheEnvironment() {
    directory.canal("canal.port = 1");

    Configuration loaded =
        directory.load(Map.of("CANAL_PORT", "2", "CANAL_ZK_SERVERS", "zk:2181", "CANAL_IP", ""));

    ServerSettings settings = loaded.server().orElseThrow();
    assertThat(settings.port()).isEqualTo(2);
    assertThat(settings.zkServers()).contains("zk:2181");
    assertThat(settings.bindHost()).isEqualTo("127.0.0.1");
  }

  @Test
  void shouldIgnoreWhatKubernetesSetsForAServiceOfThisName() {
    directory.canal("canal.port = 21111");

    Configuration loaded =
        directory.load(
            Map.of(
                "CANAL_PORT", "tcp://10.96.0.1:11111",
                "CANAL_SERVICE_HOST", "10.96.0.1",
                "CANAL_SERVICE_PORT_HTTP", "11112",
                "CANAL_PORT_11111_TCP_ADDR", "10.96.0.1"));

    assertThat(loaded.problems()).isEmpty();
    assertThat(loaded.server().orElseThrow().port()).isEqualTo(21111);
  }

  @Test
  void shouldNeverPrintASecret() {
    directory.canal("canal.passwd = " + HASH, "canal.tls.keyStore.password = hidden");

    assertThat(directory.server().toString()).doesNotContain(HASH, "hidden");
  }
}
