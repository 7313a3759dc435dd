package io.canal.server.position;

import static java.util.Objects.requireNonNull;

/**
 * A cursor as Alibaba Canal stores it (wire-protocol section 9).
 *
 * @param host source server, empty if the cursor names none
 * @param port its port, 0 if the cursor names none
 * @param journalName binary log file
 * @param position bytes from the start of that file to the <em>start</em> of the last acknowledged
 *     BEGIN, COMMIT or DDL, which therefore comes again
 * @param gtid executed set, empty without GTID mode; with it, always up to the end of a transaction
 * @param serverId the source's server_id, 0 if unknown
 * @param timestampMs when the source wrote that event, 0 if unknown
 */
public record AlibabaCursor(
    String host,
    int port,
    String journalName,
    long position,
    String gtid,
    long serverId,
    long timestampMs) {

  public AlibabaCursor {
    requireNonNull(host, "host is null");
    requireNonNull(journalName, "journalName is null");
    requireNonNull(gtid, "gtid is null");
  }
}
