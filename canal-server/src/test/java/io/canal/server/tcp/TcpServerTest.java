package io.canal.server.tcp;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.Ack;
import io.canal.protocol.CanalPacket.ClientAuth;
import io.canal.protocol.CanalPacket.Messages;
import io.canal.protocol.CanalPacket.Packet;
import io.canal.protocol.CanalPacket.PacketType;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.Scramble;
import io.canal.server.config.BatchMode;
import io.canal.server.config.ServerSettings.TcpLimits;
import io.canal.server.config.User;
import io.canal.server.position.PositionSaver;
import io.canal.server.subscription.BatchBuffers;
import io.canal.server.subscription.LogFixture;
import io.canal.server.subscription.MemoryPositions;
import io.canal.server.subscription.Subscriptions;
import io.canal.server.subscription.TextEntries;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TcpServerTest {
  private static final TcpLimits LIMITS = new TcpLimits(64 * 1024, 4, 500, 60_000);
  private static final List<User> USERS =
      List.of(
          new User("canal", Scramble.stored("canal"), Set.of()),
          new User("guest", Scramble.stored("guest"), Set.of("other")));

  private final LogFixture fixture = new LogFixture(64 << 20);
  private final MemoryPositions store = new MemoryPositions();
  private final PositionSaver positions =
      new PositionSaver("example", store, (task, delay) -> {}, Duration.ofSeconds(1));
  private final ExecutorService workers = Executors.newFixedThreadPool(2);
  private final Subscriptions subscriptions =
      new Subscriptions(
          "example",
          fixture.log,
          LogFixture.noCatchUps(),
          positions,
          TextEntries::new,
          BatchMode.MEMSIZE,
          new BatchBuffers(1 << 20),
          workers,
          workers,
          Clock.systemUTC(),
          System::nanoTime);
  private final TcpServer server =
      new TcpServer("127.0.0.1", 0, USERS, LIMITS, Optional.empty(), this::destination);

  private Subscriptions destination(String name) {
    if (name.equals("example")) {
      return subscriptions;
    }
    throw new CanalException(ErrorCode.BAD_REQUEST, "destination '" + name + "' is unknown");
  }

  @BeforeEach
  void start() {
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
    subscriptions.close();
    workers.shutdown();
  }

  @Test
  void shouldDeliverChanges() throws Exception {
    try (RawClient client = client().subscribed("")) {
      fixture.insert(1, "a");
      client.get(100, -1);
      Messages messages = client.messages();
      client.ack(messages.getBatchId());
      client.get(100, -1);
      Messages nothing = client.messages();

      assertThat(TextEntries.read(messages)).containsExactly("begin 1", "a", "end 1");
      assertThat(nothing.getBatchId()).isEqualTo(-1);
      assertThat(nothing.getMessagesCount()).isZero();
      positions.flush();
      assertThat(store.consumers.get("1001").position().gtids().orElseThrow().isEmpty()).isFalse();
    }
  }

  @Test
  void shouldUnderstandAClientThatSendsByteByByte() throws Exception {
    try (RawClient client = client().subscribed("")) {
      fixture.insert(1, "a");
      byte[] frame = frameOf(client);
      for (byte b : frame) {
        client.sendRaw(b);
      }

      assertThat(TextEntries.read(client.messages())).hasSize(3);
    }
  }

  private static byte[] frameOf(RawClient client) {
    byte[] packet =
        Packet.newBuilder()
            .setType(PacketType.GET)
            .setBody(
                io.canal.protocol.CanalPacket.Get.newBuilder()
                    .setDestination(client.destination)
                    .setClientId(client.clientId)
                    .setTimeout(-1)
                    .build()
                    .toByteString())
            .build()
            .toByteArray();
    byte[] frame = new byte[4 + packet.length];
    frame[3] = (byte) packet.length;
    System.arraycopy(packet, 0, frame, 4, packet.length);
    return frame;
  }

  @Test
  void shouldWaitForChangesAsLongAsItIsTold() throws Exception {
    try (RawClient client = client().subscribed("")) {
      client.get(100, 50);
      Messages nothing = client.messages();
      client.get(100, 0);
      fixture.insert(1, "a");

      assertThat(nothing.getBatchId()).isEqualTo(-1);
      assertThat(TextEntries.read(client.messages())).hasSize(3);
    }
  }

  @Test
  void shouldHoldBackRequestsBehindOneThatWaits() throws Exception {
    try (RawClient client = client().subscribed("")) {
      client.get(1, 0);
      client.get(1, -1);
      client.subscribe("");
      fixture.insert(1, "a");

      assertThat(TextEntries.read(client.messages())).contains("a");
      assertThat(client.messages().getBatchId()).isEqualTo(-1);
      client.expectAck();
    }
  }

  @Test
  void shouldDeliverALargeBatchToASlowReader() throws Exception {
    try (RawClient client = client().subscribed("")) {
      fixture.begin();
      for (int i = 0; i < 100; i++) {
        fixture.row(1, "r" + i, 70_000);
      }
      fixture.end();
      client.get(Integer.MAX_VALUE, -1);
      client.get(1, -1);

      assertThat(TextEntries.read(client.messages())).hasSize(102).contains("r0", "r99");
      assertThat(client.messages().getBatchId()).isEqualTo(-1);
    }
  }

  @Test
  void shouldTakeAnyFetchSize() throws Exception {
    try (RawClient client = client().subscribed("")) {
      for (int fetchSize : new int[] {0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
        fixture.insert(1, "a");
        client.get(fetchSize, -1);

        assertThat(client.messages().getMessagesCount()).isEqualTo(3);
      }
    }
  }

  @Test
  void shouldRefuseAWrongPassword() throws Exception {
    for (String user : List.of("canal", "nobody", "")) {
      try (RawClient client = client().greeted()) {
        client.logIn(user, "wrong");

        assertThat(client.error().getErrorCode()).isEqualTo(400);
        assertThat(client.isClosed()).isTrue();
      }
    }
  }

  @Test
  void shouldRefuseRequestsBeforeTheLogin() throws Exception {
    try (RawClient client = client().greeted()) {
      client.get(100, -1);

      assertThat(client.error().getErrorMessage()).contains("GET").contains("login");
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void shouldCloseWhatDoesNotLogInInTime() throws Exception {
    try (RawClient client = client().greeted()) {
      // half a frame, and no more
      client.sendRaw((byte) 0, (byte) 0, (byte) 0, (byte) 100, (byte) 16);

      assertThat(client.error().getErrorMessage()).contains("500 ms");
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void shouldRefuseGarbage() throws Exception {
    try (RawClient client = client().greeted()) {
      client.sendRaw("GET / HTTP/1.1\r\nHost: example\r\n\r\n".getBytes(US_ASCII));

      assertThat(client.error().getErrorMessage()).contains("expected at most 4096");
      assertThat(client.isClosed()).isTrue();
    }
    try (RawClient client = client().loggedIn()) {
      client.send(new byte[] {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF});

      assertThat(client.error().getErrorCode()).isEqualTo(400);
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void shouldRefuseALengthBeyondTheLimit() throws Exception {
    for (int length : new int[] {64 * 1024 + 1, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
      try (RawClient client = client().loggedIn()) {
        client.sendRaw(
            (byte) (length >>> 24),
            (byte) (length >>> 16),
            (byte) (length >>> 8),
            (byte) length,
            (byte) 1,
            (byte) 2);

        assertThat(client.error().getErrorMessage())
            .contains(Integer.toUnsignedString(length))
            .contains("65536");
        assertThat(client.isClosed()).isTrue();
      }
    }
  }

  @Test
  void shouldRefuseAPacketTypeThatItDoesNotKnow() throws Exception {
    for (int type : new int[] {0, 3, 7, 9, 10, 11, 13, 1000}) {
      try (RawClient client = client().loggedIn()) {
        client.send(Packet.newBuilder().setTypeValue(type).build().toByteArray());

        assertThat(client.error().getErrorMessage()).startsWith("packet type");
        assertThat(client.isClosed()).isTrue();
      }
    }
  }

  @Test
  void shouldRefuseAnotherVersion() throws Exception {
    try (RawClient client = client().loggedIn()) {
      client.send(Packet.newBuilder().setVersion(2).setType(PacketType.GET).build().toByteArray());

      assertThat(client.error().getErrorMessage()).contains("version 2");
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void shouldAnswerWhatItCannotDoAndGoOn() throws Exception {
    try (RawClient client = client().loggedIn()) {
      client.get(100, -1);
      Ack notSubscribed = client.error();
      client.destination = "nowhere";
      client.subscribe("");
      Ack unknown = client.error();
      client.destination = "";
      client.subscribe("");
      Ack missing = client.error();
      client.destination = "example";
      client.clientId = "40000";
      client.subscribe("");
      Ack noShort = client.error();
      client.clientId = "1001";
      client.subscribe("t1,t2(");
      Ack noRegex = client.error();
      client.subscribe("t1");
      client.expectAck();

      assertThat(notSubscribed.getErrorMessage()).contains("SUBSCRIPTION");
      assertThat(unknown.getErrorCode()).isEqualTo(404);
      assertThat(unknown.getErrorMessage()).contains("nowhere");
      assertThat(missing.getErrorCode()).isEqualTo(401);
      assertThat(noShort.getErrorMessage()).contains("40000");
      assertThat(noRegex.getErrorMessage()).contains("character");
    }
  }

  @Test
  void shouldKeepUsersToTheirDestinations() throws Exception {
    try (RawClient client = client().greeted()) {
      client.logIn("guest", "guest");
      client.expectAck();
      client.subscribe("");

      Ack error = client.error();
      assertThat(error.getErrorCode()).isEqualTo(403);
      assertThat(error.getErrorMessage()).contains("guest").contains("example");
    }
  }

  @Test
  void shouldSubscribeAtTheLogin() throws Exception {
    try (RawClient client = client().greeted()) {
      client.send(
          PacketType.CLIENTAUTHENTICATION,
          ClientAuth.newBuilder()
              .setUsername("canal")
              .setPassword(ByteString.copyFromUtf8(Scramble.prove("canal", client.seed)))
              .setDestination("example")
              .setClientId("1001")
              .setFilter("t1")
              .build());
      client.expectAck();
      fixture.insert(1, "a");
      client.get(100, -1);

      assertThat(TextEntries.read(client.messages())).contains("a");
      assertThat(store.consumers.get("1001").filter()).isEqualTo("t1");
    }
  }

  @Test
  void shouldTellAFilterThatIsBrokenFromWhatMayPass() throws Exception {
    try (RawClient client = client().loggedIn()) {
      client.subscribe("t1(");
      assertThat(client.error().getErrorCode()).isEqualTo(401);
      client.subscribe("t1");

      client.expectAck();
    }
  }

  @Test
  void shouldBeSilentToARollbackBeforeTheSubscription() throws Exception {
    try (RawClient client = client().loggedIn()) {
      client.rollback(0);
      client.subscribe("");

      client.expectAck();
    }
  }

  @Test
  void shouldIgnoreTheAckOfNothing() throws Exception {
    try (RawClient client = client().subscribed("")) {
      client.get(100, -1);
      client.messages();
      client.ack(-1);
      client.get(100, -1);

      assertThat(client.messages().getBatchId()).isEqualTo(-1);
    }
  }

  @Test
  void shouldEndASessionAfterAWrongAck() throws Exception {
    fixture.insert(1, "before");
    for (long wrong : new long[] {0, 1, 77, Long.MAX_VALUE, Long.MIN_VALUE}) {
      try (RawClient client = client().subscribed("")) {
        client.get(100, -1);
        client.messages();
        client.ack(wrong);
        // the client reads the error as the answer to this, and then the end: never a stale answer
        client.get(100, 0);

        assertThat(client.error().getErrorCode()).isEqualTo(402);
        assertThat(client.isClosed()).isTrue();
      }
    }
  }

  @Test
  void shouldEndASessionAfterAnAckOutOfOrder() throws Exception {
    try (RawClient client = client().subscribed("")) {
      fixture.insert(1, "a");
      client.get(100, -1);
      client.messages();
      fixture.insert(1, "b");
      client.get(100, -1);
      client.ack(client.messages().getBatchId());

      assertThat(client.error().getErrorCode()).isEqualTo(402);
      assertThat(client.isClosed()).isTrue();
    }
    try (RawClient next = client().subscribed("")) {
      next.get(100, -1);
      assertThat(TextEntries.read(next.messages())).contains("a", "b");
    }
  }

  @Test
  void shouldDeliverAgainWhatADeadClientDidNotAcknowledge() throws Exception {
    fixture.insert(1, "a");
    for (int i = 0; i < 3; i++) {
      try (RawClient client = client().subscribed("")) {
        client.get(100, -1);

        assertThat(TextEntries.read(client.messages())).containsExactly("begin 1", "a", "end 1");
        client.socket.setSoLinger(true, 0); // a reset, as when a process is killed
      }
    }
  }

  @Test
  void shouldLetTheNewestSessionTakeOverOnceInAWhile() throws Exception {
    try (RawClient first = client().subscribed("");
        RawClient second = client().subscribed("");
        RawClient third = client().loggedIn()) {
      Ack taken = first.error();
      third.subscribe("");
      Ack refused = third.error();
      fixture.insert(1, "a");
      second.get(100, 0);

      assertThat(taken.getErrorCode()).isEqualTo(409);
      assertThat(taken.getErrorMessage()).contains(addressOf(second));
      assertThat(first.isClosed()).isTrue();
      assertThat(refused.getErrorCode()).isEqualTo(409);
      assertThat(refused.getErrorMessage()).contains(addressOf(second));
      assertThat(third.isClosed()).isTrue();
      assertThat(TextEntries.read(second.messages())).contains("a");
    }
  }

  @Test
  void shouldUnsubscribe() throws Exception {
    try (RawClient client = client().subscribed("")) {
      client.unsubscribe();
      client.expectAck();
      client.get(100, -1);

      assertThat(client.error().getErrorMessage()).contains("SUBSCRIPTION");
      assertThat(store.consumers).isEmpty();
    }
  }

  @Test
  void shouldRefuseMoreConnectionsThanItsLimit() throws Exception {
    try (RawClient one = client().greeted();
        RawClient two = client().greeted();
        RawClient three = client().greeted();
        RawClient four = client().greeted();
        RawClient five = client()) {
      assertThat(five.error().getErrorMessage()).contains("4 connections");
      assertThat(five.isClosed()).isTrue();
      assertThat(List.of(one, two, three, four)).allMatch(c -> c.socket.isConnected());
    }
  }

  @Test
  void shouldAnswerWhatWaitsWhenItCloses() throws Exception {
    try (RawClient client = client().subscribed("")) {
      client.get(100, 0);
      client.get(100, 0);
      Thread closing = new Thread(server::close, "closing");
      closing.start();
      Messages answer = client.messages();
      closing.join();

      assertThat(answer.getBatchId()).isEqualTo(-1);
      assertThat(client.isClosed()).isTrue();
      assertThatThrownBy(this::client).isInstanceOf(IOException.class);
    }
  }

  @Test
  void shouldSayWhyItCannotListen() {
    TcpServer second =
        new TcpServer(
            "127.0.0.1",
            server.address().getPort(),
            USERS,
            LIMITS,
            Optional.empty(),
            this::destination);

    assertThatThrownBy(second::start)
        .isInstanceOf(CanalException.class)
        .hasMessageContaining(String.valueOf(server.address().getPort()));
  }

  private static String addressOf(RawClient client) {
    return "127.0.0.1:" + client.socket.getLocalPort();
  }

  private RawClient client() throws IOException {
    return new RawClient(server.address());
  }
}
