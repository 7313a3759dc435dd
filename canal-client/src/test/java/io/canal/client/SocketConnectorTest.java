package io.canal.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.canal.protocol.CanalException;
import io.canal.protocol.CanalPacket.ClientAuth;
import io.canal.protocol.CanalPacket.Compression;
import io.canal.protocol.CanalPacket.Get;
import io.canal.protocol.CanalPacket.Handshake;
import io.canal.protocol.CanalPacket.Packet;
import io.canal.protocol.CanalPacket.PacketType;
import io.canal.protocol.CanalPacket.Sub;
import io.canal.protocol.ErrorCode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class SocketConnectorTest {
  // length 16, Packet{version=1, type=HANDSHAKE, body=Handshake{seeds}}: wire-protocol section 4.1
  private static final byte[] HANDSHAKE = {
    0, 0, 0, 16, 0x10, 0x01, 0x18, 0x01, 0x2A, 0x0A, 0x12, 0x08, 1, 2, 3, 4, 5, 6, 7, 8
  };
  // length 4, Packet{version=1, type=ACK}: section 4.2
  private static final byte[] EMPTY_ACK = {0, 0, 0, 4, 0x10, 0x01, 0x18, 0x03};

  @Test
  void shouldSpeakTheWireProtocolByteForByte() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.sendBytes(HANDSHAKE);
              ClientAuth auth =
                  ClientAuth.parseFrom(client.expect(PacketType.CLIENTAUTHENTICATION));
              assertThat(auth.getUsername()).isEqualTo("canal");
              assertThat(auth.getPassword().toStringUtf8()).matches("[0-9a-f]{40}");
              assertThat(auth.getNetReadTimeout()).isEqualTo(3_600_000);
              assertThat(auth.getNetWriteTimeout()).isEqualTo(3_600_000);
              assertThat(auth.getDestination()).isEmpty();
              client.sendBytes(EMPTY_ACK);
              assertThat(client.rollback()).isZero();
              Sub sub = Sub.parseFrom(client.expect(PacketType.SUBSCRIPTION));
              assertThat(sub.getDestination()).isEqualTo("example");
              assertThat(sub.getClientId()).isEqualTo("1001");
              assertThat(sub.getFilter()).isEqualTo("shop\\..*");
              client.sendBytes(EMPTY_ACK);
              Get get = client.answerGet(FakeServer.messages(9, Entries.insert(1, "a")));
              assertThat(get.getFetchSize()).isEqualTo(1000);
              assertThat(get.getTimeout()).isEqualTo(-1);
              assertThat(get.getAutoAck()).isFalse();
              assertThat(get.getClientId()).isEqualTo("1001");
              assertThat(client.ack()).isEqualTo(9);
              get = client.answerGet(FakeServer.messages(10, Entries.insert(2, "b")));
              assertThat(get.getTimeout()).isEqualTo(1500);
              assertThat(get.getUnit()).isEqualTo(2);
              assertThat(client.rollback()).isEqualTo(10);
              assertThat(client.unsubscription().getClientId()).isEqualTo("1001");
              client.awaitEnd();
            })) {
      CanalConnector connector = connector(server);

      connector.connect();
      connector.connect();
      connector.subscribe("shop\\..*");
      Message first = connector.getWithoutAck(1000);
      connector.ack(first.getId());
      Message second = connector.getWithoutAck(1000, 1_500_000L, TimeUnit.MICROSECONDS);
      connector.rollback(second.getId());
      connector.unsubscribe();
      assertThat(connector.checkValid()).isTrue();
      connector.disconnect();
      connector.disconnect();

      server.verify();
      assertThat(connector.checkValid()).isFalse();
      assertThat(first.getEntries()).containsExactly(Entries.insert(1, "a"));
      assertThat(second.getEntries()).containsExactly(Entries.insert(2, "b"));
    }
  }

  @Test
  void shouldReadABatchThatArrivesOneByteAtATime() throws Exception {
    byte[] batch =
        FakeServer.frame(
            PacketType.MESSAGES,
            FakeServer.messages(5, Entries.begin(4), Entries.insert(1, "a"), Entries.end(9, "1")));
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              client.subscription();
              client.get();
              client.sendOneByOne(batch);
              client.awaitEnd();
            })) {
      CanalConnector connector = subscribed(server);

      Message message = connector.getWithoutAck(1);
      connector.disconnect();

      assertThat(message.getEntries()).hasSize(3);
      server.verify();
    }
  }

  @Test
  void shouldAcknowledgeWhatGetReturnedAndNothingElse() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              client.subscription();
              client.answerGet(FakeServer.messages(3, Entries.insert(1, "a")));
              assertThat(client.ack()).isEqualTo(3);
              client.answerGet(FakeServer.messages(-1));
              client.awaitEnd();
            })) {
      CanalConnector connector = subscribed(server);

      assertThat(connector.get(10).getId()).isEqualTo(3);
      Message none = connector.get(10, 1L, TimeUnit.NANOSECONDS);
      connector.disconnect();

      assertThat(none.getId()).isEqualTo(Message.NO_BATCH);
      assertThat(none.getEntries()).isEmpty();
      server.verify();
    }
  }

  @Test
  void shouldAskAgainWhileAnEndlessWaitBringsNothing() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              client.subscription();
              assertThat(client.answerGet(FakeServer.messages(-1)).getTimeout()).isPositive();
              client.answerGet(FakeServer.messages(8, Entries.insert(1, "a")));
              client.awaitEnd();
            })) {
      CanalConnector connector = subscribed(server);

      Message message = connector.getWithoutAck(10, 0L, TimeUnit.SECONDS);
      connector.disconnect();

      assertThat(message.getId()).isEqualTo(8);
      server.verify();
    }
  }

  @Test
  void shouldSayThatThePasswordIsWrong() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.greet();
              client.expect(PacketType.CLIENTAUTHENTICATION);
              client.refuse(400, "auth failed for user:canal");
              client.awaitEnd();
            })) {
      CanalConnector connector =
          CanalConnectors.newSingleConnector(server.address(), "example", "canal", "wrong");

      assertThatThrownBy(connector::connect)
          .isInstanceOfSatisfying(
              CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_REQUEST))
          .hasMessage(
              server.name()
                  + ": authentication of user 'canal' was answered with error 400: auth failed for"
                  + " user:canal");
      assertThat(connector.checkValid()).isFalse();
      server.verify();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "400, RETRY, ''",
    "401, BAD_REQUEST, ''",
    "402, BAD_REQUEST, ''",
    "409, BAD_REQUEST, ' (taken over)'"
  })
  void shouldReportAnErrorInPlaceOfABatch(int wireCode, ErrorCode code, String note)
      throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              client.subscription();
              client.get();
              client.refuse(wireCode, "by 10.0.0.9:50544");
              client.awaitEnd();
            })) {
      CanalConnector connector = subscribed(server);

      assertThatThrownBy(() -> connector.getWithoutAck(1))
          .isInstanceOfSatisfying(CanalException.class, e -> assertThat(e.code()).isEqualTo(code))
          .hasMessage(
              server.name()
                  + ": GET from 'example' was answered with error "
                  + wireCode
                  + note
                  + ": by 10.0.0.9:50544");
      assertThat(connector.checkValid()).isFalse();
      server.verify();
    }
  }

  @Test
  void shouldReportATakeoverThatCameUnasked() throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              client.subscription();
              client.answerGet(FakeServer.messages(3, Entries.insert(1, "a")));
              client.refuse(409, "taken over by 10.0.0.9:50544");
              told.countDown();
            })) {
      CanalConnector connector = subscribed(server);
      Message message = connector.getWithoutAck(1);
      told.await();
      server.verify();

      assertThatThrownBy(() -> connector.ack(message.getId()))
          .isInstanceOfSatisfying(
              CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_REQUEST))
          .hasMessageContaining("error 409 (taken over): taken over by 10.0.0.9:50544");
    }
  }

  @Test
  void shouldSubscribeAgainAndRollBackOnReconnect() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              client.subscription();
              client.get();
            },
            client -> {
              client.login();
              assertThat(client.subscription().getFilter()).isEqualTo(".*");
              assertThat(client.rollback()).isZero();
              client.answerGet(FakeServer.messages(4, Entries.insert(1, "a")));
              client.awaitEnd();
            })) {
      CanalConnector connector = subscribed(server);

      assertThatThrownBy(() -> connector.getWithoutAck(1))
          .isInstanceOfSatisfying(
              CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RETRY))
          .hasMessage(
              server.name() + ": GET from 'example' failed: the server closed the connection");
      assertThatThrownBy(() -> connector.getWithoutAck(1)).hasMessageContaining("not connected");
      connector.connect();
      Message message = connector.getWithoutAck(1);
      connector.disconnect();

      assertThat(message.getId()).isEqualTo(4);
      server.verify();
    }
  }

  @Test
  void shouldReportAServerThatEndsWithinAFrame() throws Exception {
    byte[] batch =
        FakeServer.frame(PacketType.MESSAGES, FakeServer.messages(5, Entries.insert(1, "a")));
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              client.subscription();
              client.get();
              client.sendBytes(java.util.Arrays.copyOf(batch, 20));
            })) {
      CanalConnector connector = subscribed(server);

      assertThatThrownBy(() -> connector.getWithoutAck(1))
          .isInstanceOf(CanalException.class)
          .hasMessageContaining("the stream ended after 20 of " + batch.length + " bytes");
    }
  }

  @Test
  void shouldRefuseAHugeLength() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              client.subscription();
              client.get();
              client.sendBytes(ByteBuffer.allocate(8).putInt(Integer.MAX_VALUE).array());
              client.awaitEnd();
            })) {
      CanalConnector connector = subscribed(server);

      assertThatThrownBy(() -> connector.getWithoutAck(1))
          .isInstanceOf(CanalException.class)
          .hasMessage(
              server.name()
                  + ": GET from 'example' failed: a frame of 2147483647 bytes, expected at most"
                  + " 1073741824");
      server.verify();
    }
  }

  @Test
  void shouldRefuseWhatIsNoCanalServer() throws Exception {
    List<byte[]> greetings =
        List.of(
            "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII),
            handshake(Packet.newBuilder().setVersion(2).setType(PacketType.HANDSHAKE)),
            handshake(
                Packet.newBuilder()
                    .setVersion(1)
                    .setType(PacketType.HANDSHAKE)
                    .setCompression(Compression.GZIP)),
            handshake(Packet.newBuilder().setVersion(1).setType(PacketType.MESSAGES)),
            handshake(
                Packet.newBuilder()
                    .setVersion(1)
                    .setType(PacketType.HANDSHAKE)
                    .setBody(ByteString.copyFromUtf8("\u0012\u007F"))));
    for (byte[] greeting : greetings) {
      try (FakeServer server = new FakeServer(client -> client.sendBytes(greeting))) {
        CanalConnector connector = connector(server);

        assertThatThrownBy(connector::connect)
            .isInstanceOfSatisfying(
                CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RETRY))
            .hasMessageStartingWith(server.name() + ": ");
      }
    }
  }

  @Test
  void shouldGiveUpOnAServerThatDoesNotAnswer() throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              client.subscription();
              client.get();
              done.await();
            })) {
      CanalConnector connector =
          CanalClient.builder()
              .server(server.address())
              .user(FakeServer.USER)
              .password(FakeServer.PASSWORD)
              .replyTimeoutMs(50)
              .build()
              .newConnector("example");
      connector.connect();
      connector.subscribe();

      assertThatThrownBy(() -> connector.getWithoutAck(1, 10L, TimeUnit.MILLISECONDS))
          .isInstanceOf(CanalException.class)
          .hasMessageEndingWith("no answer within the reply timeout");
      done.countDown();
    }
  }

  @Test
  void shouldTryServersInTurn() throws Exception {
    try (FakeServer first =
            new FakeServer(
                client -> {
                  client.login();
                  client.rollback();
                });
        FakeServer second =
            new FakeServer(
                client -> {
                  client.login();
                  client.rollback();
                  client.awaitEnd();
                })) {
      CanalConnector connector =
          CanalConnectors.newClusterConnector(
              List.of(unused(), first.address(), second.address()),
              "example",
              FakeServer.USER,
              FakeServer.PASSWORD);

      connector.connect();
      first.verify();
      assertThatThrownBy(() -> connector.getWithoutAck(1)).isInstanceOf(CanalException.class);
      connector.connect();
      connector.disconnect();

      second.verify();
    }
  }

  @Test
  void shouldNameTheServerThatCannotBeReached() throws Exception {
    InetSocketAddress nobody = unused();
    CanalConnector connector = CanalConnectors.newSingleConnector(nobody, "example", null, null);
    CanalConnector lost =
        CanalClient.builder().server("no-such-host.invalid", 11111).build().newConnector("example");

    assertThatThrownBy(connector::connect)
        .isInstanceOf(CanalException.class)
        .hasMessage(
            nobody.getHostString()
                + ":"
                + nobody.getPort()
                + ": cannot connect: Connection refused");
    assertThatThrownBy(lost::connect)
        .hasMessage("no-such-host.invalid:11111: cannot connect: unknown host");
  }

  @Test
  void shouldEndAWaitByDisconnectFromAnotherThread() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              client.subscription();
              client.get();
              waiting.countDown();
              client.awaitEnd();
            })) {
      CanalConnector connector = subscribed(server);
      CompletableFuture<Message> wait =
          CompletableFuture.supplyAsync(() -> connector.getWithoutAck(1, 20L, TimeUnit.SECONDS));
      waiting.await();

      connector.disconnect();

      assertThat(wait)
          .failsWithin(5, TimeUnit.SECONDS)
          .withThrowableThat()
          .withCauseInstanceOf(CanalException.class);
      server.verify();
    }
  }

  @Test
  void shouldUseAnotherClientId() throws Exception {
    try (FakeServer server =
        new FakeServer(
            client -> {
              client.login();
              client.rollback();
              assertThat(client.subscription().getClientId()).isEqualTo("32767");
            })) {
      CanalConnector connector =
          CanalClient.builder()
              .server("127.0.0.1", server.address().getPort())
              .user(FakeServer.USER)
              .password(FakeServer.PASSWORD)
              .clientId(32_767)
              .build()
              .newConnector("example");

      connector.connect();
      connector.subscribe();

      server.verify();
      connector.disconnect();
    }
    assertThatThrownBy(() -> CanalClient.builder().clientId(32_768))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> CanalClient.builder().clientId(0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> CanalClient.builder().build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no server, expected at least one address");
  }

  private static CanalConnector connector(FakeServer server) {
    return CanalConnectors.newSingleConnector(
        server.address(), "example", FakeServer.USER, FakeServer.PASSWORD);
  }

  private static CanalConnector subscribed(FakeServer server) {
    CanalConnector connector = connector(server);
    connector.connect();
    connector.subscribe(".*");
    return connector;
  }

  private static byte[] handshake(Packet.Builder packet) {
    if (packet.getBody().isEmpty()) {
      packet.setBody(
          Handshake.newBuilder()
              .setSeeds(ByteString.copyFrom(FakeServer.SEED))
              .build()
              .toByteString());
    }
    byte[] body = packet.build().toByteArray();
    return ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).array();
  }

  private static InetSocketAddress unused() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
    }
  }
}
