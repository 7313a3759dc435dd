package io.canal.server.cluster;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Decides under which {@code ip:port} other machines find this server. */
public final class AdvertisedAddress {
  private static final Set<String> EVERY_INTERFACE = Set.of("", "0.0.0.0", "::", "*");

  private AdvertisedAddress() {}

  /**
   * Returns {@code host:port}.
   *
   * @param registerIp {@code canal.register.ip}, or empty
   * @param ip {@code canal.ip}, or empty
   * @return {@code registerIp} if set, else {@code ip} if it names one interface, else the
   *     machine's first IPv4 address that is not loopback, else 127.0.0.1
   */
  public static String of(String registerIp, String ip, int port) {
    return of(registerIp, ip, port, AdvertisedAddress::firstOfMachine);
  }

  static String of(String registerIp, String ip, int port, Supplier<Optional<String>> machine) {
    String host =
        !registerIp.isBlank()
            ? registerIp.strip()
            : !EVERY_INTERFACE.contains(ip.strip())
                ? ip.strip()
                : machine.get().orElse("127.0.0.1");
    return host + ":" + port;
  }

  private static Optional<String> firstOfMachine() {
    try {
      List<NetworkInterface> interfaces = Collections.list(NetworkInterface.getNetworkInterfaces());
      interfaces.sort(Comparator.comparingInt(NetworkInterface::getIndex));
      for (NetworkInterface each : interfaces) {
        if (each.isUp() && !each.isLoopback()) {
          for (InetAddress address : Collections.list(each.getInetAddresses())) {
            if (address instanceof Inet4Address
                && !address.isLinkLocalAddress()
                && !address.isLoopbackAddress()) {
              return Optional.of(address.getHostAddress());
            }
          }
        }
      }
    } catch (SocketException e) {
      return Optional.empty(); // a machine without interfaces
    }
    return Optional.empty();
  }
}
