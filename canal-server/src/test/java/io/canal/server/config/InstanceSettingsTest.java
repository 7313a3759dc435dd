package io.canal.server.config;

import static io.canal.server.config.ConfigurationDirectory.SOURCE;
import static org.assertj.core.api.Assertions.assertThat;

import io.canal.server.config.InstanceSettings.SourceTls;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstanceSettingsTest {
  private static final String UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

  @TempDir Path home;
  private ConfigurationDirectory directory;

  @BeforeEach
  void setUp() {
    directory = new ConfigurationDirectory(home).canal();
  }

  @Test
  void shouldHaveDefaults() {
    directory.instance("example", SOURCE);

    assertThat(directory.instance())
        .isEqualTo(
            new InstanceSettings(
                "example",
                new HostAndPort("db1", 3307),
                "canal",
                new Secret(""),
                0,
                false,
                new StartPosition.Newest(),
                new SourceTls(SslMode.DISABLED, List.of(), Optional.empty(), Optional.empty()),
                ".*\\..*",
                "",
                Optional.empty(),
                64 << 20,
                BatchMode.MEMSIZE,
                30_000));
  }

  @Test
  void shouldReadEverySetting() {
    directory
        .write("tls/trust.p12", "")
        .write("tls/client.jks", "")
        .instance(
            "example",
            """
            canal.instance.master.address = [2001:db8::1]
            canal.instance.dbUsername = replica
            canal.instance.dbPassword = p=w ${
            canal.instance.mysql.slaveId = 4294967295
            canal.instance.gtidon = true
            canal.instance.master.journal.name = binlog.000042
            canal.instance.master.position = 1187
            canal.instance.master.timestamp = 1700000000000
            canal.instance.master.gtid = %1$s:1-9
            canal.instance.master.sslMode = verify_ca
            canal.instance.master.tlsVersions = TLSv1.2, TLSv1.3
            canal.instance.master.trustCertificateKeyStoreUrl = ../tls/trust.p12
            canal.instance.master.trustCertificateKeyStoreType = PKCS12
            canal.instance.master.trustCertificateKeyStorePassword = one
            canal.instance.master.clientCertificateKeyStoreUrl = file:%2$s/tls/client.jks
            canal.instance.master.clientCertificateKeyStoreType = JKS
            canal.instance.master.clientCertificateKeyStorePassword = two
            canal.instance.filter.regex = shop\\\\..*,crm\\\\.customer
            canal.instance.filter.black.regex = shop\\\\.tmp_.*
            canal.instance.timezone = Europe/Berlin
            canal.instance.memory.buffer.size = 4096
            canal.instance.memory.buffer.memunit = 2048
            canal.instance.memory.batch.mode = ITEMSIZE
            canal.instance.network.soTimeout = 7
            """
                .formatted(UUID, home));

    assertThat(directory.instance())
        .isEqualTo(
            new InstanceSettings(
                "example",
                new HostAndPort("2001:db8::1", 3306),
                "replica",
                new Secret("p=w ${"),
                4_294_967_295L,
                true,
                new StartPosition.Gtids(UUID + ":1-9"),
                new SourceTls(
                    SslMode.VERIFY_CA,
                    List.of("TLSv1.2", "TLSv1.3"),
                    Optional.of(
                        new KeyStoreFile(
                            home.resolve("tls/trust.p12"), "PKCS12", new Secret("one"))),
                    Optional.of(
                        new KeyStoreFile(
                            home.resolve("tls/client.jks"), "JKS", new Secret("two")))),
                "shop\\..*,crm\\.customer",
                "shop\\.tmp_.*",
                Optional.of(ZoneId.of("Europe/Berlin")),
                8 << 20,
                BatchMode.ITEMSIZE,
                7000));
  }

  @Test
  void shouldStartAtFileAndOffset() {
    directory.instance(
        "example",
        SOURCE
            + "canal.instance.master.journal.name=binlog.000042\n"
            + "canal.instance.master.position=1187\n"
            + "canal.instance.master.timestamp=1700000000000\n");

    assertThat(directory.instance().start())
        .isEqualTo(new StartPosition.FileOffset("binlog.000042", 1187));
  }

  @Test
  void shouldStartAtTheBeginningOfAFile() {
    directory.instance("example", SOURCE + "canal.instance.master.journal.name=binlog.000042\n");

    assertThat(directory.instance().start())
        .isEqualTo(new StartPosition.FileOffset("binlog.000042", 4));
  }

  @Test
  void shouldStartAtATime() {
    directory.instance("example", SOURCE + "canal.instance.master.timestamp=1700000000000\n");

    assertThat(directory.instance().start())
        .isEqualTo(new StartPosition.Timestamp(1_700_000_000_000L));
  }

  @Test
  void shouldStartAfterAGtidSetOfMariadb() {
    directory.instance("example", SOURCE + "canal.instance.master.gtid=0-1-100,1-2-3\n");

    assertThat(directory.instance().start()).isEqualTo(new StartPosition.Gtids("0-1-100,1-2-3"));
  }

  @Test
  void shouldRejectEachWrongStart() {
    directory.instance(
        "example",
        SOURCE
            + "canal.instance.master.position=1187\n"
            + "canal.instance.master.timestamp=1700000000\n"
            + "canal.instance.master.gtid=x:1\n");

    assertThat(directory.load().problems())
        .extracting(Problem::toString)
        .satisfiesExactly(
            position ->
                assertThat(position)
                    .isEqualTo(
                        "conf/example/instance.properties:3: 'canal.instance.master.position'"
                            + " expected canal.instance.master.journal.name beside it, found no"
                            + " file name"),
            timestamp ->
                assertThat(timestamp)
                    .startsWith("conf/example/instance.properties:4:")
                    .contains("milliseconds", "found '1700000000'", "seconds?"),
            gtid ->
                assertThat(gtid)
                    .startsWith("conf/example/instance.properties:5:")
                    .contains("a GTID set", "found 'x:1'"));
  }

  @Test
  void shouldTakeDefaultsOfAllDestinationsFromCanalProperties() {
    directory
        .canal(
            "canal.instance.memory.buffer.size = 16384",
            "canal.instance.memory.batch.mode = ITEMSIZE")
        .instance("example", SOURCE + "canal.instance.memory.batch.mode = MEMSIZE\n");

    assertThat(directory.instance().logBytes()).isEqualTo(16 << 20);
    assertThat(directory.instance().batchMode()).isEqualTo(BatchMode.MEMSIZE);
  }

  @Test
  void shouldPreferTheEnvironmentForEveryDestination() {
    directory.instance("a", SOURCE).instance("b", SOURCE);

    Configuration loaded =
        directory.load(
            Map.of(
                "CANAL_INSTANCE_MASTER_ADDRESS", "db9:3309",
                "CANAL_INSTANCE_DB_USERNAME", "other",
                "canal.instance.dbPassword", "secret"));

    assertThat(loaded.destinations())
        .map(destination -> destination.settings().orElseThrow())
        .allSatisfy(
            settings -> {
              assertThat(settings.address()).isEqualTo(new HostAndPort("db9", 3309));
              assertThat(settings.username()).isEqualTo("other");
              assertThat(settings.password()).isEqualTo(new Secret("secret"));
            });
  }

  @Test
  void shouldReplaceReferences() {
    directory
        .canal(
            "company.host = db7", "canal.instance.master.address = ${company.host:x}:${nope:3310}")
        .instance(
            "example",
            """
            canal.instance.dbUsername = ${canal.instance.destination}
            canal.instance.dbPassword = ${MYSQL_PASSWORD}
            """);

    Configuration loaded = directory.load(Map.of("MYSQL_PASSWORD", "secret"));

    assertThat(loaded.serverProblems())
        .extracting(Problem::toString)
        .containsExactly("conf/canal.properties:1: unknown property 'company.host'");
    InstanceSettings settings = loaded.destinations().get(0).settings().orElseThrow();
    assertThat(settings.address()).isEqualTo(new HostAndPort("db7", 3310));
    assertThat(settings.username()).isEqualTo("example");
    assertThat(settings.password()).isEqualTo(new Secret("secret"));
  }

  @Test
  void shouldRejectReferencesToNothingAndToThemselves() {
    directory.instance(
        "example",
        """
        canal.instance.master.address = ${NOWHERE}
        canal.instance.dbUsername = ${canal.instance.dbUsername}
        """);

    assertThat(directory.load().problems())
        .extracting(Problem::toString)
        .contains(
            "conf/example/instance.properties:1: '${NOWHERE}' expected a key or an environment"
                + " variable, found neither",
            "conf/example/instance.properties:2: '${canal.instance.dbUsername}' refers to itself");
  }

  @Test
  void shouldRejectAFilterThatIsNoRegularExpression() {
    directory.instance("example", SOURCE + "canal.instance.filter.regex = shop\\\\..*,(crm\n");

    assertThat(directory.load().problems())
        .singleElement()
        .asString()
        .startsWith("conf/example/instance.properties:3: 'canal.instance.filter.regex'")
        .contains("Unclosed group");
  }

  @Test
  void shouldRejectAMemoryThatIsTooSmall() {
    directory.instance("example", SOURCE + "canal.instance.memory.buffer.size = 1000\n");

    assertThat(directory.load().problems())
        .singleElement()
        .asString()
        .contains("expected at least 1048576 bytes, found 1024000");
  }

  @Test
  void shouldNeverPrintASecret() {
    directory.instance("example", SOURCE + "canal.instance.dbPassword = hidden\n");

    assertThat(directory.load().toString()).doesNotContain("hidden");
  }
}
