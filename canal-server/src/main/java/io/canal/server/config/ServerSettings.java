package io.canal.server.config;

import static java.util.Objects.requireNonNull;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code conf/canal.properties} says about the server as a whole.
 *
 * @param bindHost the address of the TCP port; {@code 0.0.0.0} for all interfaces
 * @param registerHost the address that cluster clients find in ZooKeeper, if it is set
 * @param httpHost the address of the HTTP port
 * @param zkServers ZooKeeper's connect string; empty if positions live in files
 * @param users who may log in; empty if everybody may, which only a loopback address allows
 * @param dataDirectory absolute; the positions of destination {@code d} live in its folder {@code
 *     d}
 * @param confDirectory absolute; the folders of the destinations
 * @param destinations the destinations that the file names
 * @param autoScan whether every folder with an instance.properties is a destination too
 */
public record ServerSettings(
    String bindHost,
    int port,
    Optional<String> registerHost,
    String httpHost,
    int httpPort,
    Optional<String> zkServers,
    List<User> users,
    Optional<KeyStoreFile> tls,
    TcpLimits limits,
    Path dataDirectory,
    int positionFlushMs,
    Path confDirectory,
    List<String> destinations,
    boolean autoScan) {

  /**
   * What one client can take of the server.
   *
   * @param maxFrameBytes the longest request; answers have a limit of their own
   * @param authenticationTimeoutMs how long a connection may stay without having logged in
   * @param idleTimeoutMs how long a session may be silent if its client names no time
   */
  public record TcpLimits(
      int maxFrameBytes, int maxConnections, int authenticationTimeoutMs, int idleTimeoutMs) {}

  static final Setting<String> IP =
      Setting.of(
          "canal.ip",
          "",
          SettingType.text("an address of this machine"),
          "Address of the TCP port. Empty: all interfaces if there is a user with a password of"
              + " their own, else 127.0.0.1.");
  static final Setting<Optional<String>> REGISTER_IP =
      Setting.of(
          "canal.register.ip",
          "",
          SettingType.text("an address").optional(),
          "Address that cluster clients find in ZooKeeper. Empty: canal.ip, else this machine's.");
  static final Setting<Integer> PORT =
      Setting.of(
          "canal.port",
          "11111",
          SettingType.integer(0, 65535),
          "TCP port of the clients; 0 takes a free one.");
  static final Setting<String> HTTP_HOST =
      Setting.of(
          "canal.metrics.pull.host",
          "127.0.0.1",
          SettingType.text("an address of this machine"),
          "Address of the HTTP port (/health/live, /health/ready, /status, /metrics); 0.0.0.0 for"
              + " all interfaces.");
  static final Setting<Integer> HTTP_PORT =
      Setting.of(
          "canal.metrics.pull.port",
          "11112",
          SettingType.integer(0, 65535),
          "HTTP port; 0 takes a free one.");
  static final Setting<Optional<String>> ZK_SERVERS =
      Setting.of(
          "canal.zkServers",
          "",
          SettingType.text("host:port,host:port").optional(),
          "ZooKeeper that keeps the positions. Empty: files in canal.file.data.dir.");
  static final Setting<Integer> ZK_FLUSH =
      Setting.of(
              "canal.zookeeper.flush.period",
              "1000",
              SettingType.integer(10, 60_000),
              "How far a position in ZooKeeper may be behind the acknowledged one.")
          .in("ms");
  static final Setting<Path> DATA_DIRECTORY =
      Setting.of(
          "canal.file.data.dir",
          "../data",
          SettingType.path("a directory"),
          "Where positions are kept, in one folder per destination; relative to bin/.");
  static final Setting<Integer> FILE_FLUSH =
      Setting.of(
              "canal.file.flush.period",
              "1000",
              SettingType.integer(10, 60_000),
              "How far a position in its file may be behind the acknowledged one.")
          .in("ms");
  static final Setting<String> SERVER_MODE =
      Setting.of(
          "canal.serverMode",
          "tcp",
          SettingType.parsed(
              "tcp",
              text -> {
                if (!text.equals("tcp")) {
                  throw new IllegalArgumentException("message queues are not built yet");
                }
                return text;
              }),
          "How changes leave the server; tcp is the only mode so far.");
  static final Setting<String> USER =
      Setting.of("canal.user", "canal", SettingType.text("a name"), "User of canal.passwd.");
  static final Setting<Optional<String>> PASSWORD =
      Setting.of(
          "canal.passwd",
          "",
          passwordHash().optional(),
          "Hash of the password, as `bin/canal password` prints it. Empty: no such user.");
  static final Setting<Optional<Path>> KEY_STORE =
      Setting.of(
          "canal.tls.keyStore.path",
          "",
          SettingType.path("a key store file").optional(),
          "Key and certificate of the TCP port; relative to bin/. Empty: no TLS.");
  static final Setting<String> KEY_STORE_TYPE =
      Setting.of(
          "canal.tls.keyStore.type",
          "PKCS12",
          SettingType.text("PKCS12 or JKS"),
          "Format of the key store.");
  static final Setting<Secret> KEY_STORE_PASSWORD =
      Setting.of(
          "canal.tls.keyStore.password", "", SettingType.password(), "Password of the key store.");
  static final Setting<Integer> MAX_FRAME =
      Setting.of(
              "canal.tcp.maxFrameBytes",
              "1048576",
              SettingType.integer(1024, 64 << 20),
              "Longest request of a client; a longer one closes its connection.")
          .in("bytes");
  static final Setting<Integer> MAX_CONNECTIONS =
      Setting.of(
          "canal.tcp.maxConnections",
          "1000",
          SettingType.integer(1, 1_000_000),
          "Connections at the same time; a further one is closed at once.");
  static final Setting<Integer> AUTHENTICATION_TIMEOUT =
      Setting.of(
              "canal.tcp.authenticationTimeoutMs",
              "10000",
              SettingType.integer(100, 600_000),
              "How long a connection may stay without having logged in.")
          .in("ms");
  static final Setting<Integer> IDLE_TIMEOUT =
      Setting.of(
              "canal.tcp.idleTimeoutMs",
              "3600000",
              SettingType.integer(1000, Integer.MAX_VALUE),
              "How long a session may be silent if its client names no time.")
          .in("ms");
  static final Setting<Path> CONF_DIRECTORY =
      Setting.of(
          "canal.conf.dir",
          "../conf",
          SettingType.path("a directory"),
          "Where the folders of the destinations are; relative to bin/.");
  static final Setting<List<String>> DESTINATIONS =
      Setting.of(
          "canal.destinations",
          "",
          SettingType.list("names separated by commas"),
          "The destinations; each has conf/NAME/instance.properties.");
  static final Setting<Boolean> AUTO_SCAN =
      Setting.of(
          "canal.auto.scan",
          "true",
          SettingType.bool(),
          "Whether every folder with an instance.properties is a destination too. Looked at once,"
              + " at start.");

  static final List<Setting<?>> SETTINGS =
      List.of(
          IP,
          PORT,
          USER,
          PASSWORD,
          KEY_STORE,
          KEY_STORE_TYPE,
          KEY_STORE_PASSWORD,
          MAX_FRAME,
          MAX_CONNECTIONS,
          AUTHENTICATION_TIMEOUT,
          IDLE_TIMEOUT,
          HTTP_HOST,
          HTTP_PORT,
          DESTINATIONS,
          AUTO_SCAN,
          CONF_DIRECTORY,
          DATA_DIRECTORY,
          FILE_FLUSH,
          ZK_SERVERS,
          ZK_FLUSH,
          REGISTER_IP,
          SERVER_MODE);

  /** {@code canal.users.<name>.passwd} and {@code canal.users.<name>.destinations}. */
  static final String USERS_PREFIX = "canal.users.";

  /** The hash of the password "canal", which older files of Alibaba Canal carry. */
  private static final String PUBLISHED_HASH = "e3619321c1a937c46a0d8bd1dac39f93b27d4458";

  public ServerSettings {
    requireNonNull(bindHost, "bindHost is null");
    requireNonNull(registerHost, "registerHost is null");
    requireNonNull(httpHost, "httpHost is null");
    requireNonNull(zkServers, "zkServers is null");
    users = List.copyOf(users);
    requireNonNull(tls, "tls is null");
    requireNonNull(limits, "limits is null");
    requireNonNull(dataDirectory, "dataDirectory is null");
    requireNonNull(confDirectory, "confDirectory is null");
    destinations = List.copyOf(destinations);
  }

  /** Reads all settings; the result counts only if the reader has no problems then. */
  static ServerSettings read(SettingReader reader, PropertiesFile file, Path home) {
    reader.get(SERVER_MODE);
    Optional<String> zkServers = reader.get(ZK_SERVERS);
    int zkFlushMs = reader.get(ZK_FLUSH);
    int fileFlushMs = reader.get(FILE_FLUSH);
    List<User> users = users(reader, file);
    return new ServerSettings(
        bindHost(reader, users),
        reader.get(PORT),
        reader.get(REGISTER_IP),
        reader.get(HTTP_HOST),
        reader.get(HTTP_PORT),
        zkServers,
        users,
        tls(reader, home),
        new TcpLimits(
            reader.get(MAX_FRAME),
            reader.get(MAX_CONNECTIONS),
            reader.get(AUTHENTICATION_TIMEOUT),
            reader.get(IDLE_TIMEOUT)),
        inBin(home, reader.get(DATA_DIRECTORY)),
        zkServers.isPresent() ? zkFlushMs : fileFlushMs,
        inBin(home, reader.get(CONF_DIRECTORY)),
        reader.get(DESTINATIONS),
        reader.get(AUTO_SCAN));
  }

  /**
   * Relative paths start at bin/, where the original is started, so that its files mean the same.
   */
  static Path inBin(Path home, Path path) {
    return home.toAbsolutePath().resolve("bin").resolve(path).normalize();
  }

  static Setting<Optional<String>> userPassword(String name) {
    return Setting.of(
        USERS_PREFIX + name + ".passwd",
        "",
        passwordHash().optional(),
        "Hash of the password of user NAME, as `bin/canal password` prints it.");
  }

  static Setting<List<String>> userDestinations(String name) {
    return Setting.of(
        USERS_PREFIX + name + ".destinations",
        "",
        SettingType.list("names separated by commas"),
        "Destinations that user NAME may read. Empty: all.");
  }

  private static SettingType<String> passwordHash() {
    SettingType<String> plain =
        SettingType.parsed(
            "hex of SHA1(SHA1(password)), see `bin/canal password`",
            text -> {
              String hash = text.strip().toLowerCase(Locale.ROOT);
              hash = hash.startsWith("*") ? hash.substring(1) : hash;
              if (!User.HASH.matcher(hash).matches()) {
                throw new IllegalArgumentException();
              }
              return hash;
            });
    return new SettingType<>(plain.expected(), true, plain.parse());
  }

  private static List<User> users(SettingReader reader, PropertiesFile file) {
    List<User> users = new ArrayList<>();
    String mainUser = reader.get(USER);
    Optional<String> mainHash = reader.get(PASSWORD);
    if (mainHash.isPresent()) {
      users.add(new User(mainUser, mainHash.get(), Set.of()));
    } else if (reader.find(USER.key()).isPresent() && reader.find(PASSWORD.key()).isPresent()) {
      reader.reject(PASSWORD, "is empty, expected the hash that `bin/canal password` prints");
    }
    file.properties().stream()
        .map(property -> userName(property.key()))
        .flatMap(Optional::stream)
        .distinct()
        .forEach(name -> user(reader, name).ifPresent(users::add));
    return users;
  }

  private static Optional<User> user(SettingReader reader, String name) {
    Setting<Optional<String>> passwordSetting = userPassword(name);
    Set<String> destinations = Set.copyOf(reader.get(userDestinations(name)));
    Optional<String> hash = reader.get(passwordSetting);
    if (hash.isEmpty()) {
      reader.reject(passwordSetting, "is missing, expected " + passwordHash().expected());
    }
    if (name.equals(reader.get(USER)) && reader.get(PASSWORD).isPresent()) {
      reader.reject(passwordSetting, "is a second password of the user of canal.user");
    }
    return hash.map(present -> new User(name, present, destinations));
  }

  /** The NAME of {@code canal.users.NAME.passwd} or {@code .destinations}. */
  static Optional<String> userName(String key) {
    int end = key.lastIndexOf('.');
    if (!key.startsWith(USERS_PREFIX) || end <= USERS_PREFIX.length()) {
      return Optional.empty();
    }
    String part = key.substring(end + 1);
    return part.equals("passwd") || part.equals("destinations")
        ? Optional.of(key.substring(USERS_PREFIX.length(), end))
        : Optional.empty();
  }

  private static String bindHost(SettingReader reader, List<User> users) {
    String ip = reader.get(IP);
    boolean published = users.stream().anyMatch(user -> user.passwordHash().equals(PUBLISHED_HASH));
    if (ip.isEmpty()) {
      if (users.isEmpty()) {
        reader.notice(
            "no user has a password, so the TCP port listens on 127.0.0.1 only; set canal.user and"
                + " canal.passwd to serve other machines");
        return "127.0.0.1";
      }
      if (published) {
        reader.notice(
            "canal.passwd is the one published with Alibaba Canal, so the TCP port listens on"
                + " 127.0.0.1 only; choose another with `bin/canal password`, or set canal.ip");
        return "127.0.0.1";
      }
      return "0.0.0.0";
    }
    if (users.isEmpty() && !isLoopback(ip)) {
      reader.reject(
          IP,
          "expected a loopback address such as 127.0.0.1 as long as nobody needs a password, found"
              + " '"
              + ip
              + "'; set canal.user and canal.passwd (`bin/canal password` prints the lines)");
    } else if (published && !isLoopback(ip)) {
      reader.notice(
          "canal.passwd is the one published with Alibaba Canal and canal.ip is "
              + ip
              + ": anybody who reaches the port can read all changes; choose another with"
              + " `bin/canal password`");
    }
    return ip;
  }

  private static boolean isLoopback(String host) {
    return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
  }

  private static Optional<KeyStoreFile> tls(SettingReader reader, Path home) {
    String type = reader.get(KEY_STORE_TYPE);
    Secret password = reader.get(KEY_STORE_PASSWORD);
    return reader
        .get(KEY_STORE)
        .map(path -> inBin(home, path))
        .map(
            path -> {
              if (!Files.isReadable(path)) {
                reader.reject(KEY_STORE, "expected a readable file, found none at " + path);
              }
              return new KeyStoreFile(path, type, password);
            });
  }
}
