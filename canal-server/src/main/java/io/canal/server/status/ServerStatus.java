package io.canal.server.status;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The whole server.
 *
 * @param address where it accepts clients; absent until the TCP port is open
 */
public record ServerStatus(
    String version, Instant started, Optional<String> address, List<InstanceStatus> instances) {
  public ServerStatus {
    requireNonNull(version, "version is null");
    requireNonNull(started, "started is null");
    requireNonNull(address, "address is null");
    instances = List.copyOf(instances);
  }

  /**
   * Whether clients can be served: the TCP port is open and at least one destination has been
   * connected. One broken destination must not take the others out of service.
   */
  public boolean isReady() {
    return address.isPresent()
        && instances.stream().anyMatch(instance -> instance.state().isServing());
  }

  /** Whether no destination can become ready any more: an operator has to mend something. */
  public boolean isStopped() {
    return address.isPresent()
        && instances.stream().allMatch(instance -> instance.state() == InstanceState.STOPPED);
  }

  /** Everything that is not as it should be, also while the server is ready. */
  public List<String> reasons() {
    if (address.isEmpty()) {
      return List.of("the TCP port is not open yet");
    }
    return instances.stream()
        .filter(
            instance ->
                !instance.state().isServing() || instance.state() == InstanceState.RECONNECTING)
        .map(InstanceStatus::describe)
        .toList();
  }
}
