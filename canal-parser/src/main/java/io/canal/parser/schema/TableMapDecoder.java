package io.canal.parser.schema;

import static io.canal.parser.schema.ColumnMetadata.UNKNOWN;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.checkFromIndexSize;
import static java.util.Objects.requireNonNull;

import io.canal.parser.charset.Transcoders;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * Decodes TABLE_MAP events. Pure: bytes in, values out. Every length is compared with what remains;
 * an event that does not fit is a {@link CanalException} with {@link ErrorCode#STOP_INSTANCE},
 * never anything else, whatever its bytes.
 *
 * <p>Source: MySQL's documentation of {@code mysql::binlog::event::Table_map_event}.
 */
public final class TableMapDecoder {
  /** Where the body begins to be the same for every id of the table: behind header, id, flags. */
  static final int CONTENT_OFFSET = 19 + 6 + 2;

  private static final int TABLE_ID_OFFSET = 19;
  private static final int MAX_COLUMNS = 4096;

  // Optional metadata, by MySQL's code of each field.
  private static final int SIGNEDNESS = 1;
  private static final int DEFAULT_CHARSET = 2;
  private static final int COLUMN_CHARSET = 3;
  private static final int COLUMN_NAME = 4;
  private static final int SET_STR_VALUE = 5;
  private static final int ENUM_STR_VALUE = 6;
  private static final int GEOMETRY_TYPE = 7;
  private static final int SIMPLE_PRIMARY_KEY = 8;
  private static final int PRIMARY_KEY_WITH_PREFIX = 9;
  private static final int ENUM_AND_SET_DEFAULT_CHARSET = 10;
  private static final int ENUM_AND_SET_COLUMN_CHARSET = 11;
  private static final int COLUMN_VISIBILITY = 12;
  private static final int VECTOR_DIMENSIONALITY = 13;

  private final boolean mariadb;
  private final byte[] array;
  private final int start;
  private int end;
  private int position;
  private String table = "";

  private int[] types = new int[0];
  private int[] metadata = new int[0];

  // optional metadata, one per column
  private boolean signedness;
  private boolean[] unsigned;
  private int[] collations;
  private String[] names;
  private byte[][][] members;
  private int[] geometryTypes;
  private int[] vectorDimensions;
  private boolean[] keys;
  private boolean[] invisible;

  private TableMapDecoder(byte[] array, int offset, int length, boolean mariadb) {
    this.mariadb = mariadb;
    this.array = array;
    this.start = offset;
    this.end = offset + length;
    this.position = offset;
  }

  /** Decodes a raw event that MySQL wrote. */
  public static TableMap decode(byte[] array, int offset, int length) {
    return decode(array, offset, length, false);
  }

  /**
   * Decodes a raw event: its 19-byte header and its body without the checksum.
   *
   * @param mariadb whether MariaDB wrote it: the vendors do not agree on which columns are texts
   */
  public static TableMap decode(byte[] array, int offset, int length, boolean mariadb) {
    requireNonNull(array, "array is null");
    checkFromIndexSize(offset, length, array.length);
    return new TableMapDecoder(array, offset, length, mariadb).decode();
  }

  private TableMap decode() {
    skip(TABLE_ID_OFFSET, "header");
    long tableId = littleEndian(6, "table id");
    skip(2, "flags");
    String database = name("database name");
    table = database;
    String tableName = name("table name");
    table = database + "." + tableName;
    int columns = count("column count", MAX_COLUMNS);
    types = new int[columns];
    metadata = new int[columns];
    need(columns, "column types");
    for (int i = 0; i < columns; i++) {
      types[i] = array[position++] & 0xFF;
    }
    readMetadata();
    boolean[] nullable = new boolean[columns];
    need((columns + 7) >>> 3, "null bitmap");
    for (int i = 0; i < columns; i++) {
      nullable[i] = (array[position + (i >>> 3)] >>> (i & 7) & 1) != 0;
    }
    position += (columns + 7) >>> 3;
    return new TableMap(
        tableId, database, tableName, types, metadata, nullable, readOptionalMetadata());
  }

  private String name(String what) {
    int length = byteAt(what);
    String name = text(length, what);
    skip(1, "zero behind the " + what);
    return name;
  }

  private void readMetadata() {
    int outerEnd = enter("column metadata");
    for (int i = 0; i < types.length; i++) {
      switch (types[i]) {
        case ColumnType.FLOAT,
            ColumnType.DOUBLE,
            ColumnType.TINY_BLOB,
            ColumnType.MEDIUM_BLOB,
            ColumnType.LONG_BLOB,
            ColumnType.BLOB,
            ColumnType.MARIADB_BLOB_COMPRESSED,
            ColumnType.GEOMETRY,
            ColumnType.JSON,
            ColumnType.VECTOR,
            ColumnType.TIMESTAMP2,
            ColumnType.DATETIME2,
            ColumnType.TIME2 ->
            metadata[i] = byteAt("metadata");
        case ColumnType.VARCHAR, ColumnType.VAR_STRING, ColumnType.MARIADB_VARCHAR_COMPRESSED ->
            metadata[i] = (int) littleEndian(2, "metadata");
        case ColumnType.BIT -> {
          int bits = byteAt("metadata");
          metadata[i] = byteAt("metadata") * 8 + bits;
        }
        case ColumnType.NEWDECIMAL -> {
          int precision = byteAt("metadata");
          metadata[i] = (precision << 8) | byteAt("metadata");
        }
        case ColumnType.STRING, ColumnType.ENUM, ColumnType.SET -> {
          // The upper two bits of a length of ten hide inverted in the type, which has them set.
          int hiding = byteAt("metadata");
          int low = byteAt("metadata");
          types[i] = hiding | 0x30;
          metadata[i] = (((hiding & 0x30) ^ 0x30) << 4) | low;
        }
        default -> {
          // no metadata; a type that is unknown is met by whoever reads its rows
        }
      }
    }
    leave(outerEnd, "column metadata");
  }

  private Optional<TableMetadata> readOptionalMetadata() {
    if (position == end) {
      return Optional.empty();
    }
    int columns = types.length;
    unsigned = new boolean[columns];
    collations = filled(columns);
    names = new String[columns];
    Arrays.fill(names, "");
    members = new byte[columns][][];
    geometryTypes = filled(columns);
    vectorDimensions = filled(columns);
    keys = new boolean[columns];
    invisible = new boolean[columns];
    boolean full = false;
    while (position < end) {
      int field = byteAt("optional metadata");
      int outerEnd = enter("optional metadata");
      readField(field);
      full |= field == COLUMN_NAME;
      leave(outerEnd, "optional metadata field " + field);
    }
    List<ColumnMetadata> all = new ArrayList<>(columns);
    for (int i = 0; i < columns; i++) {
      all.add(
          new ColumnMetadata(
              names[i],
              unsigned[i] && types[i] != ColumnType.YEAR,
              collations[i],
              labels(i),
              geometryTypes[i],
              vectorDimensions[i],
              keys[i],
              !invisible[i]));
    }
    return Optional.of(new TableMetadata(full, signedness, all));
  }

  private static int[] filled(int columns) {
    int[] values = new int[columns];
    Arrays.fill(values, UNKNOWN);
    return values;
  }

  private void readField(int field) {
    switch (field) {
      case SIGNEDNESS -> {
        signedness = true;
        readBits(TableMapDecoder::isNumeric, unsigned);
      }
      case DEFAULT_CHARSET -> readDefaultCharset(this::isText);
      case COLUMN_CHARSET -> readNumbers(this::isText, collations);
      case COLUMN_NAME -> {
        for (int i = 0; i < names.length; i++) {
          names[i] = text(count("name of column " + i, Integer.MAX_VALUE), "column name");
        }
      }
      case SET_STR_VALUE -> readMembers(ColumnType.SET);
      case ENUM_STR_VALUE -> readMembers(ColumnType.ENUM);
      case GEOMETRY_TYPE -> readNumbers(type -> type == ColumnType.GEOMETRY, geometryTypes);
      case SIMPLE_PRIMARY_KEY -> {
        while (position < end) {
          keys[columnIndex("primary key")] = true;
        }
      }
      case PRIMARY_KEY_WITH_PREFIX -> {
        while (position < end) {
          keys[columnIndex("primary key")] = true;
          count("prefix length", Integer.MAX_VALUE);
        }
      }
      case ENUM_AND_SET_DEFAULT_CHARSET -> readDefaultCharset(TableMapDecoder::isEnumOrSet);
      case ENUM_AND_SET_COLUMN_CHARSET -> readNumbers(TableMapDecoder::isEnumOrSet, collations);
      case COLUMN_VISIBILITY -> {
        boolean[] visible = new boolean[types.length];
        readBits(type -> true, visible);
        for (int i = 0; i < visible.length; i++) {
          invisible[i] = !visible[i];
        }
      }
      case VECTOR_DIMENSIONALITY ->
          readNumbers(type -> type == ColumnType.VECTOR, vectorDimensions);
      default -> position = end; // of a later version
    }
  }

  /** One bit per column of those types, the highest bit first. */
  private void readBits(IntPredicate has, boolean[] into) {
    int bit = 0;
    for (int i = 0; i < types.length; i++) {
      if (has.test(types[i])) {
        if ((bit & 7) == 0) {
          need(1, "bitmap");
          position++;
        }
        into[i] = (array[position - 1] >>> (7 - (bit & 7)) & 1) != 0;
        bit++;
      }
    }
  }

  private void readNumbers(IntPredicate has, int[] into) {
    for (int i = 0; i < types.length; i++) {
      if (has.test(types[i])) {
        into[i] = count("number of column " + i, Integer.MAX_VALUE);
      }
    }
  }

  /** A collation for all columns of those types, then the exceptions by their ordinal of those. */
  private void readDefaultCharset(IntPredicate has) {
    int[] columns = new int[types.length];
    int matching = 0;
    int collation = count("default collation", Integer.MAX_VALUE);
    for (int i = 0; i < types.length; i++) {
      if (has.test(types[i])) {
        columns[matching++] = i;
        collations[i] = collation;
      }
    }
    while (position < end) {
      int ordinal = count("ordinal of a text column", matching - 1);
      collations[columns[ordinal]] = count("collation", Integer.MAX_VALUE);
    }
  }

  private void readMembers(int type) {
    for (int i = 0; i < types.length; i++) {
      if (types[i] == type) {
        byte[][] labels = new byte[count("members of column " + i, end - position)][];
        for (int j = 0; j < labels.length; j++) {
          int length = count("label", Integer.MAX_VALUE);
          need(length, "label");
          labels[j] = Arrays.copyOfRange(array, position, position + length);
          position += length;
        }
        members[i] = labels;
      }
    }
  }

  private List<String> labels(int column) {
    if (members[column] == null) {
      return List.of();
    }
    return Arrays.stream(members[column])
        .map(label -> Transcoders.decode(label, 0, label.length, collations[column]))
        .toList();
  }

  private int columnIndex(String what) {
    return count(what, types.length - 1);
  }

  private static boolean isNumeric(int type) {
    return switch (type) {
      case ColumnType.TINY,
          ColumnType.SHORT,
          ColumnType.INT24,
          ColumnType.LONG,
          ColumnType.LONGLONG,
          ColumnType.NEWDECIMAL,
          ColumnType.FLOAT,
          ColumnType.DOUBLE,
          ColumnType.YEAR -> // the source counts it as a number, always unsigned
          true;
      default -> false;
    };
  }

  /** Whether the type has a collation in the metadata, be it that of bytes. */
  private boolean isText(int type) {
    return switch (type) {
      case ColumnType.GEOMETRY -> mariadb;
      case ColumnType.STRING,
          ColumnType.VAR_STRING,
          ColumnType.VARCHAR,
          ColumnType.TINY_BLOB,
          ColumnType.MEDIUM_BLOB,
          ColumnType.LONG_BLOB,
          ColumnType.BLOB,
          ColumnType.VECTOR,
          ColumnType.MARIADB_BLOB_COMPRESSED,
          ColumnType.MARIADB_VARCHAR_COMPRESSED ->
          true;
      default -> false;
    };
  }

  private static boolean isEnumOrSet(int type) {
    return type == ColumnType.ENUM || type == ColumnType.SET;
  }

  /** Limits reading to the field whose length stands here; returns the limit so far. */
  private int enter(String what) {
    int length = count(what + " length", Integer.MAX_VALUE);
    need(length, what);
    int outerEnd = end;
    end = position + length;
    return outerEnd;
  }

  private void leave(int outerEnd, String what) {
    if (position != end) {
      throw broken(what + ": expected its end, found " + (end - position) + " bytes more");
    }
    end = outerEnd;
  }

  private int byteAt(String what) {
    need(1, what);
    return array[position++] & 0xFF;
  }

  /** The client protocol's length-encoded integer, of at most {@code max}. */
  private int count(String what, int max) {
    int first = byteAt(what);
    long value =
        switch (first) {
          case 0xFC -> littleEndian(2, what);
          case 0xFD -> littleEndian(3, what);
          case 0xFE -> littleEndian(8, what);
          case 0xFB, 0xFF -> throw broken(what + ": expected a number, found byte " + first);
          default -> first;
        };
    if (value < 0 || value > max) {
      throw broken(what + ": expected at most " + max + ", found " + Long.toUnsignedString(value));
    }
    return (int) value;
  }

  private long littleEndian(int width, String what) {
    need(width, what);
    long value = 0;
    for (int i = width - 1; i >= 0; i--) {
      value = (value << 8) | (array[position + i] & 0xFF);
    }
    position += width;
    return value;
  }

  private String text(int length, String what) {
    need(length, what);
    String text = new String(array, position, length, UTF_8);
    position += length;
    return text;
  }

  private void skip(int length, String what) {
    need(length, what);
    position += length;
  }

  private void need(int length, String what) {
    if (length > end - position) {
      throw broken(what + ": expected " + length + " bytes, found " + (end - position));
    }
  }

  private CanalException broken(String problem) {
    return new CanalException(
        ErrorCode.STOP_INSTANCE,
        "TABLE_MAP"
            + (table.isEmpty() ? "" : " of " + table)
            + ", byte "
            + (position - start)
            + ": "
            + problem);
  }
}
