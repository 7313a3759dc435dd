/**
 * What the server knows of itself at one moment, as immutable records. {@code /status}, {@code
 * /metrics}, the health checks and {@code bin/canal status} all read the same snapshot.
 */
package io.canal.server.status;
