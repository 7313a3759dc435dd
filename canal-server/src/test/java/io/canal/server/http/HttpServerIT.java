package io.canal.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.canal.parser.log.LogStatus;
import io.canal.protocol.CanalException;
import io.canal.protocol.SourcePosition;
import io.canal.server.status.ConsumerStatus;
import io.canal.server.status.InstanceState;
import io.canal.server.status.InstanceStatus;
import io.canal.server.status.ServerStatus;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpServerIT {
  private static final Instant STARTED = Instant.parse("2026-11-24T10:00:00Z");

  private final HttpClient client = HttpClient.newHttpClient();
  private volatile ServerStatus status = status(InstanceState.RUNNING, "");
  private HttpServer server;

  @BeforeEach
  void start() {
    server = new HttpServer("127.0.0.1", 0, () -> status);
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void shouldSayThatItIsAliveAndReady() throws Exception {
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
    assertThat(get("/health/ready").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldSayWhyItIsNotReady() throws Exception {
    status = status(InstanceState.STARTING, "connection refused");

    HttpResponse<String> response = get("/health/ready");

    assertThat(response.statusCode()).isEqualTo(503);
    JsonNode json = new JsonMapper().readTree(response.body());
    assertThat(json.path("ready").asBoolean()).isFalse();
    assertThat(json.path("reasons").get(0).asText())
        .isEqualTo("example is STARTING: connection refused");
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldWriteTheStatusAsJson() throws Exception {
    HttpResponse<String> response = get("/status");

    JsonNode json = new JsonMapper().readTree(response.body());
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    assertThat(json.path("version").asText()).isEqualTo("1.2.3");
    JsonNode instance = json.path("instances").get(0);
    assertThat(instance.path("state").asText()).isEqualTo("RUNNING");
    assertThat(instance.path("transactions").asLong()).isEqualTo(1234);
    JsonNode consumer = instance.path("consumers").get(0);
    assertThat(consumer.path("clientId").asText()).isEqualTo("1001");
    assertThat(consumer.path("position").asText()).startsWith("file=binlog.000042;offset=1187");
    assertThat(consumer.path("address").isNull()).isTrue();
  }

  @Test
  void shouldWriteMetricsOfTheSameSnapshot() throws Exception {
    HttpResponse<String> response = get("/metrics");

    assertThat(response.headers().firstValue("content-type"))
        .get()
        .asString()
        .contains("text/plain");
    assertThat(response.body())
        .contains(
            "canal_ready 1.0",
            "canal_info{version=\"1.2.3\"} 1",
            "canal_instance_state{destination=\"example\",state=\"RUNNING\"} 1.0",
            "canal_instance_state{destination=\"example\",state=\"STOPPED\"} 0.0",
            "canal_instance_transactions_total{destination=\"example\"} 1234.0",
            "canal_instance_log_bytes{destination=\"example\"} 4096.0",
            "canal_instance_log_disk_bytes{destination=\"example\"} 8192.0",
            "canal_instance_log_dropped_segments_total{destination=\"example\"} 3.0",
            "canal_consumer_lag_seconds{client=\"1001\",destination=\"example\"} 1.5",
            "canal_consumer_position_file{client=\"1001\",destination=\"example\"} 42.0",
            "canal_consumer_position_offset{client=\"1001\",destination=\"example\"} 1187.0",
            "jvm_memory_used_bytes");
  }

  @Test
  void shouldRefuseWhatItDoesNotKnow() throws Exception {
    assertThat(get("/").statusCode()).isEqualTo(404);
    assertThat(get("/status/x").statusCode()).isEqualTo(404);
    HttpRequest post =
        HttpRequest.newBuilder(uri("/status")).POST(BodyPublishers.ofString("x")).build();
    assertThat(client.send(post, BodyHandlers.ofString()).statusCode()).isEqualTo(405);
  }

  @Test
  void shouldNameTheKeysOfAPortThatIsTaken() {
    try (HttpServer second =
        new HttpServer("127.0.0.1", server.address().getPort(), () -> status)) {
      assertThatThrownBy(second::start)
          .isInstanceOf(CanalException.class)
          .hasMessageContaining("canal.metrics.pull.port");
    }
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.address().getPort() + path);
  }

  private static ServerStatus status(InstanceState state, String reason) {
    SourcePosition position =
        new SourcePosition(
            Optional.empty(), Optional.empty(), "binlog.000042", 1187, Optional.empty());
    ConsumerStatus consumer =
        new ConsumerStatus(
            "1001", "", "ATTACHED", "", Optional.of(position), 1500, 2, Optional.empty(), 77);
    InstanceStatus instance =
        new InstanceStatus(
            "example",
            state,
            reason,
            STARTED,
            "db1:3306",
            Optional.of(position),
            0,
            new LogStatus(
                4096, 64 << 20, 8192, 1 << 30, 3, false, Optional.of("1001"), Optional.empty()),
            5000,
            1234,
            1 << 20,
            List.of(consumer));
    return new ServerStatus("1.2.3", STARTED, Optional.of("127.0.0.1:11111"), List.of(instance));
  }
}
