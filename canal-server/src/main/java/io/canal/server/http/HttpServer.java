package io.canal.server.http;

import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.server.status.ServerStatus;
import io.canal.server.status.StatusSource;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Answers {@code /health/live}, {@code /health/ready}, {@code /status} and {@code /metrics}. It is
 * started before the first destination, so that a start that hangs can be looked at.
 */
public final class HttpServer implements AutoCloseable {
  private static final String JSON = "application/json";
  private static final int IDLE_TIMEOUT_MS = 30_000;

  // JvmMetrics keeps every registry that it was given for good: one without anything of a server
  private static final PrometheusRegistry JVM = new PrometheusRegistry();

  static {
    JvmMetrics.builder().register(JVM);
  }

  private final String host;
  private final int port;
  private final StatusSource source;
  private final StatusCollector collector;
  private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
  private final Server server;
  private final ServerConnector connector;

  /**
   * @param port 0 takes a free one, which {@link #address()} tells
   */
  public HttpServer(String host, int port, StatusSource source) {
    this.host = requireNonNull(host, "host is null");
    this.port = port;
    this.source = requireNonNull(source, "source is null");
    this.collector = new StatusCollector(source);
    QueuedThreadPool threads = new QueuedThreadPool(8, 1);
    threads.setName("http");
    threads.setDaemon(true);
    server = new Server(threads);
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setRequestHeaderSize(8192);
    connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
    connector.setHost(host);
    connector.setPort(port);
    connector.setIdleTimeout(IDLE_TIMEOUT_MS);
    server.addConnector(connector);
    server.setHandler(new Routes());
  }

  /**
   * Opens the port.
   *
   * @throws CanalException with {@link ErrorCode#STOP_SERVER} if it cannot be opened
   */
  public void start() {
    try {
      server.start();
    } catch (Exception e) {
      throw new CanalException(
          ErrorCode.STOP_SERVER,
          "HTTP port %s:%d (canal.metrics.pull.host, canal.metrics.pull.port): %s"
              .formatted(host, port, rootMessage(e)),
          e);
    }
  }

  /** The address that is really open. */
  public InetSocketAddress address() {
    return new InetSocketAddress(host, connector.getLocalPort());
  }

  @Override
  public void close() {
    try {
      server.stop();
    } catch (Exception e) {
      throw new CanalException(ErrorCode.RETRY, "HTTP port: cannot be closed", e);
    }
  }

  private static String rootMessage(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage();
  }

  private final class Routes extends Handler.Abstract {
    @Override
    public boolean handle(Request request, Response response, Callback callback)
        throws IOException {
      if (!HttpMethod.GET.is(request.getMethod()) && !HttpMethod.HEAD.is(request.getMethod())) {
        response.getHeaders().put(HttpHeader.ALLOW, "GET, HEAD");
        send(response, callback, 405, "text/plain", text("only GET and HEAD are allowed\n"));
        return true;
      }
      switch (Request.getPathInContext(request)) {
        case "/health/live" -> send(response, callback, 200, JSON, text("{\"live\": true}\n"));
        case "/health/ready" -> {
          ServerStatus status = source.status();
          int code = status.isReady() ? 200 : 503;
          send(response, callback, code, JSON, StatusJson.health(status));
        }
        case "/status" -> send(response, callback, 200, JSON, StatusJson.status(source.status()));
        case "/metrics" ->
            send(response, callback, 200, PrometheusTextFormatWriter.CONTENT_TYPE, metrics());
        default ->
            send(
                response,
                callback,
                404,
                "text/plain",
                text("not found; there are /health/live, /health/ready, /status, /metrics\n"));
      }
      return true;
    }
  }

  private byte[] metrics() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(16_384);
    MetricSnapshots.Builder all = MetricSnapshots.builder();
    JVM.scrape().forEach(all::metricSnapshot);
    collector.collect().forEach(all::metricSnapshot);
    writer.write(bytes, all.build());
    return bytes.toByteArray();
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void send(
      Response response, Callback callback, int code, String contentType, byte[] body) {
    response.setStatus(code);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    response.write(true, ByteBuffer.wrap(body), callback);
  }
}
