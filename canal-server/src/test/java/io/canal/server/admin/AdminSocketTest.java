package io.canal.server.admin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class AdminSocketTest {
  @TempDir private Path data;

  private AdminSocket socket() {
    return new AdminSocket(data, Collections.emptySortedMap());
  }

  private String ask(String request) throws IOException {
    try (SocketChannel channel =
            SocketChannel.open(UnixDomainSocketAddress.of(data.resolve("canal.sock")));
        InputStream in = Channels.newInputStream(channel)) {
      channel.write(ByteBuffer.wrap(request.getBytes(UTF_8)));
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(data)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  @Test
  void shouldBeForItsOwnAccountAloneAndGoWithItsServer() throws Exception {
    try (AdminSocket socket = socket()) {
      socket.start();

      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(data.resolve("canal.sock"))))
          .isEqualTo("rw-------");
      assertThat(files()).containsExactly("canal.sock");
      assertThat(ask("GET /positions HTTP/1.0\r\nHost: canal\r\n\r\n"))
          .startsWith("HTTP/1.1 200 ")
          .contains("\"destinations\" : [ ]");
    }
    assertThat(files()).isEmpty();
  }

  @Test
  void shouldTakeThePlaceOfOneThatAKilledServerLeft() throws Exception {
    Path path = data.resolve("canal.sock");
    try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      killed.bind(UnixDomainSocketAddress.of(path));
    }
    Files.createDirectory(data.resolve(".sock"));
    assertThat(path).exists();

    try (AdminSocket socket = socket()) {
      socket.start();

      assertThat(ask("GET /positions HTTP/1.0\r\nHost: canal\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void shouldNotTakeThePlaceOfOneThatAnswers() throws Exception {
    try (AdminSocket first = socket()) {
      first.start();

      try (AdminSocket second = socket()) {
        assertThatThrownBy(second::start)
            .isInstanceOfSatisfying(
                CanalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STOP_SERVER))
            .hasMessageContaining("another server answers there");
      }
      assertThat(ask("GET /positions HTTP/1.0\r\nHost: canal\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void shouldSayThatThePathIsTooLong() {
    Path deep = data.resolve("a".repeat(100));
    try (AdminSocket socket = new AdminSocket(deep, Collections.emptySortedMap())) {
      assertThatThrownBy(socket::start)
          .isInstanceOf(IOException.class)
          .hasMessageMatching("the path has \\d+ bytes, a socket's address holds 107: .*");
    }
  }

  @Test
  void shouldAnswerWhatItCannotDo() throws Exception {
    try (AdminSocket socket = socket()) {
      socket.start();

      assertThat(ask("GET /other HTTP/1.0\r\nHost: canal\r\n\r\n")).startsWith("HTTP/1.1 404 ");
      assertThat(ask("POST /positions HTTP/1.0\r\nHost: canal\r\nContent-Length: 0\r\n\r\n"))
          .startsWith("HTTP/1.1 405 ");
      assertThat(ask("GET /positions/example HTTP/1.0\r\nHost: canal\r\n\r\n"))
          .startsWith("HTTP/1.1 400 ")
          .contains("no destination 'example'");
      assertThat(
              ask(
                  "PUT /positions/example/1001 HTTP/1.0\r\nHost: canal\r\nContent-Length: 1\r\n\r\n{"))
          .startsWith("HTTP/1.1 400 ");
      assertThat(
              ask(
                  "PUT /positions/example/1001 HTTP/1.0\r\nHost: canal\r\nContent-Length: 9999999\r\n\r\n"))
          .startsWith("HTTP/1.1 400 ");
    }
  }
}
