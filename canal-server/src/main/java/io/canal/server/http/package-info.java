/**
 * The HTTP port: health checks, status and metrics. It reads snapshots of {@code
 * io.canal.server.status} and nothing else of the server.
 */
package io.canal.server.http;
