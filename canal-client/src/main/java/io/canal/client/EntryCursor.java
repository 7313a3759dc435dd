package io.canal.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.protocol.CanalEntry.EntryType;
import java.util.Arrays;

/**
 * Points at one serialized {@code Entry} and reads its header when something of it is asked. Owned
 * by one thread, reused for entry after entry. The fields may stand in any order on the wire.
 */
final class EntryCursor {
  private final Names names;
  private final WireReader reader = new WireReader();

  private byte[] array;
  private int headerOffset;
  private int headerLength;
  private int storeOffset;
  private int storeLength;
  private int entryType;

  private boolean headerRead;
  private int fileOffset;
  private int fileLength;
  private int schemaOffset;
  private int schemaLength;
  private int tableOffset;
  private int tableLength;
  private int gtidsOffset;
  private int gtidsLength;
  private long binlogOffset;
  private long serverId;
  private long executeTimeMs;
  private int eventType;
  // where the transaction that holds the entry began; null where that is not known
  private String beginFile;
  private long beginOffset;

  EntryCursor(Names names) {
    this.names = names;
  }

  void wrap(byte[] newArray, int offset, int length) {
    array = newArray;
    headerLength = 0;
    storeLength = 0;
    entryType = 0;
    headerRead = false;
    reader.wrap(newArray, offset, length);
    while (reader.next()) {
      switch (reader.field()) {
        case 1 -> {
          headerOffset = reader.offset();
          headerLength = reader.length();
        }
        case 2 -> entryType = (int) reader.number();
        case 3 -> {
          storeOffset = reader.offset();
          storeLength = reader.length();
        }
        default -> {} // a later server's
      }
    }
  }

  /** A cursor of its own with a copy of the header alone. */
  EntryCursor copyHeader() {
    EntryCursor copy = new EntryCursor(new Names());
    copy.array = Arrays.copyOfRange(array, headerOffset, headerOffset + headerLength);
    copy.headerLength = headerLength;
    copy.entryType = entryType;
    copy.beginFile = beginFile;
    copy.beginOffset = beginOffset;
    return copy;
  }

  void transactionBegins() {
    beginFile = binlogFile();
    beginOffset = binlogOffset();
  }

  void transactionEnds() {
    beginFile = null;
  }

  Names names() {
    return names;
  }

  byte[] array() {
    return array;
  }

  int storeOffset() {
    return storeOffset;
  }

  int storeLength() {
    return storeLength;
  }

  boolean is(EntryType type) {
    return entryType == type.getNumber();
  }

  String binlogFile() {
    readHeader();
    return names.text(array, fileOffset, fileLength);
  }

  long binlogOffset() {
    readHeader();
    return binlogOffset;
  }

  long serverId() {
    readHeader();
    return serverId;
  }

  long executeTimeMs() {
    readHeader();
    return executeTimeMs;
  }

  String schema() {
    readHeader();
    return names.text(array, schemaOffset, schemaLength);
  }

  String table() {
    readHeader();
    return names.text(array, tableOffset, tableLength);
  }

  String executedGtids() {
    readHeader();
    return WireReader.text(array, gtidsOffset, gtidsLength);
  }

  int eventType() {
    readHeader();
    return eventType;
  }

  /** The GTID from the header's props, else {@code file:offset} of the BEGIN, else empty. */
  String transactionId() {
    String gtid = prop("curtGtid");
    if (!gtid.isEmpty()) {
      return gtid;
    }
    return beginFile == null ? "" : beginFile + ":" + beginOffset;
  }

  String describe() {
    return schema() + "." + table() + " at " + binlogFile() + ":" + binlogOffset();
  }

  private String prop(String name) {
    byte[] key = name.getBytes(UTF_8);
    WireReader pair = new WireReader();
    reader.wrap(array, headerOffset, headerLength);
    while (reader.next()) {
      if (reader.field() == 12) {
        pair.wrap(array, reader.offset(), reader.length());
        boolean found = false;
        String value = "";
        while (pair.next()) {
          if (pair.field() == 1) {
            found =
                Arrays.equals(
                    key, 0, key.length, array, pair.offset(), pair.offset() + pair.length());
          } else if (pair.field() == 2) {
            value = WireReader.text(array, pair.offset(), pair.length());
          }
        }
        if (found) {
          return value;
        }
      }
    }
    return "";
  }

  private void readHeader() {
    if (headerRead) {
      return;
    }
    fileLength = 0;
    schemaLength = 0;
    tableLength = 0;
    gtidsLength = 0;
    binlogOffset = 0;
    serverId = 0;
    executeTimeMs = 0;
    eventType = 0;
    reader.wrap(array, headerOffset, headerLength);
    while (reader.next()) {
      switch (reader.field()) {
        case 2 -> {
          fileOffset = reader.offset();
          fileLength = reader.length();
        }
        case 3 -> binlogOffset = reader.number();
        case 4 -> serverId = reader.number();
        case 6 -> executeTimeMs = reader.number();
        case 8 -> {
          schemaOffset = reader.offset();
          schemaLength = reader.length();
        }
        case 9 -> {
          tableOffset = reader.offset();
          tableLength = reader.length();
        }
        case 11 -> eventType = (int) reader.number();
        case 13 -> {
          gtidsOffset = reader.offset();
          gtidsLength = reader.length();
        }
        default -> {} // version, encoding, source type, event length
      }
    }
    headerRead = true;
  }
}
