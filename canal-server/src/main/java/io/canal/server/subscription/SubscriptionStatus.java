package io.canal.server.subscription;

import io.canal.parser.consumer.ConsumerState;
import io.canal.protocol.SourcePosition;
import java.util.Optional;

/**
 * What operators see of a subscription.
 *
 * @param clientId its name
 * @param filter its own filter, empty where the destination's alone counts
 * @param acknowledged up to where its client has acknowledged
 * @param state where it reads
 * @param lagSeconds age of the first change that is not acknowledged, at least while it is not
 *     attached; 0 where there is none
 * @param outstandingBatches delivered and not acknowledged
 * @param outstandingBytes their encoded bytes
 * @param address of the client, while one is connected
 * @param rows delivered since this process began, redelivered ones again
 * @param entries as {@code rows}
 * @param bytes as {@code rows}, encoded
 */
public record SubscriptionStatus(
    String clientId,
    String filter,
    SourcePosition acknowledged,
    ConsumerState state,
    long lagSeconds,
    int outstandingBatches,
    long outstandingBytes,
    Optional<String> address,
    long rows,
    long entries,
    long bytes) {}
