import com.alibaba.otter.canal.client.CanalConnector;
import com.alibaba.otter.canal.client.CanalConnectors;
import com.alibaba.otter.canal.protocol.CanalEntry;
import com.alibaba.otter.canal.protocol.Message;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.concurrent.TimeUnit;

/**
 * Alibaba Canal's own Java client behind lines: a command on standard input, tab-separated, is
 * answered by one line on standard output, {@code ok ...} or {@code error ...}, also tab-separated.
 * Runs as a process of its own with that client's jars, which want another protobuf than ours, and
 * from source, so that no build of ours has to compile against them.
 */
public final class OriginalClientMain {
  private CanalConnector connector;

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err); // what libraries print is no answer
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    OriginalClientMain client = new OriginalClientMain();
    out.println("ok\tready");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String answer;
      try {
        answer = "ok\t" + client.execute(line.split("\t", -1));
      } catch (Throwable e) {
        e.printStackTrace();
        answer = "error\t" + e.toString().replaceAll("[\\t\\r\\n]+", " ");
      }
      out.println(answer);
    }
    System.exit(0); // its ZooKeeper client leaves threads behind
  }

  private String execute(String[] command) throws Exception {
    switch (command[0]) {
      case "single" -> {
        connector =
            CanalConnectors.newSingleConnector(
                new InetSocketAddress(command[1], Integer.parseInt(command[2])),
                command[3],
                command[4],
                command[5]);
        connector.connect();
      }
      case "cluster" -> {
        connector =
            CanalConnectors.newClusterConnector(command[1], command[2], command[3], command[4]);
        connector.connect();
      }
      case "connect" -> connector.connect();
      case "disconnect" -> connector.disconnect();
      case "subscribe" -> connector.subscribe(command[1]);
      case "unsubscribe" -> connector.unsubscribe();
      case "get" -> {
        return text(
            command[2].isEmpty()
                ? connector.get(Integer.parseInt(command[1]))
                : connector.get(
                    Integer.parseInt(command[1]), Long.valueOf(command[2]), TimeUnit.MILLISECONDS));
      }
      case "getWithoutAck" -> {
        return text(
            command[2].isEmpty()
                ? connector.getWithoutAck(Integer.parseInt(command[1]))
                : connector.getWithoutAck(
                    Integer.parseInt(command[1]), Long.valueOf(command[2]), TimeUnit.MILLISECONDS));
      }
      case "ack" -> connector.ack(Long.parseLong(command[1]));
      case "rollback" -> {
        if (command[1].isEmpty()) {
          connector.rollback();
        } else {
          connector.rollback(Long.parseLong(command[1]));
        }
      }
      default -> throw new IllegalArgumentException("unknown command " + command[0]);
    }
    return "";
  }

  /** The id, and each entry as this client understood it: parsed, and serialized again. */
  private static String text(Message message) throws Exception {
    StringBuilder text = new StringBuilder();
    text.append(message.getId());
    for (CanalEntry.Entry entry : message.getEntries()) {
      CanalEntry.Entry.Builder again = entry.toBuilder();
      if (entry.getEntryType() == CanalEntry.EntryType.ROWDATA) {
        again.setStoreValue(
            CanalEntry.RowChange.parseFrom(entry.getStoreValue()).toByteString());
      }
      text.append('\t').append(Base64.getEncoder().encodeToString(again.build().toByteArray()));
    }
    return text.toString();
  }
}
