package io.canal.parser.row;

import static java.util.Objects.requireNonNull;

import io.canal.parser.charset.MysqlCharset;
import io.canal.parser.charset.MysqlCharsets;
import io.canal.parser.charset.Transcoder;
import io.canal.parser.charset.Transcoders;
import io.canal.parser.schema.Column;
import io.canal.parser.schema.ColumnType;
import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import java.sql.Types;
import java.time.ZoneId;

/** Chooses the writer of a column's values, once per version of a table. */
public final class ValueWriters {
  private ValueWriters() {}

  /**
   * The writer of a column.
   *
   * @param zone the time zone of TIMESTAMP's text
   * @throws CanalException with {@link ErrorCode#STOP_INSTANCE} where the type, its metadata or the
   *     character set is not known
   */
  public static ValueWriter of(Column column, ZoneId zone) {
    requireNonNull(zone, "zone is null");
    int metadata = column.metadata();
    if (ValueLayout.of(column.type(), metadata) == ValueLayout.UNKNOWN) {
      throw unknown(column, "type " + column.type() + " with metadata " + metadata);
    }
    return switch (column.type()) {
      case ColumnType.TINY -> integer(column, Types.TINYINT, Types.SMALLINT);
      case ColumnType.SHORT -> integer(column, Types.SMALLINT, Types.INTEGER);
      case ColumnType.INT24 -> integer(column, Types.INTEGER, Types.INTEGER);
      case ColumnType.LONG -> integer(column, Types.INTEGER, Types.BIGINT);
      case ColumnType.LONGLONG -> integer(column, Types.BIGINT, Types.DECIMAL);
      case ColumnType.FLOAT -> FloatingWriter.FLOAT;
      case ColumnType.DOUBLE -> FloatingWriter.DOUBLE;
      case ColumnType.NEWDECIMAL -> new DecimalWriter(metadata >>> 8, metadata & 0xFF);
      case ColumnType.BIT -> BitWriter.INSTANCE;
      case ColumnType.ENUM -> IntegerWriter.unsigned(Types.INTEGER, Types.INTEGER);
      case ColumnType.SET -> IntegerWriter.unsigned(Types.BIT, Types.BIT);
      case ColumnType.DATE, ColumnType.NEWDATE -> TemporalWriter.DATE;
      case ColumnType.YEAR -> TemporalWriter.YEAR;
      case ColumnType.TIME -> TemporalWriter.OLD_TIME;
      case ColumnType.DATETIME -> TemporalWriter.OLD_DATETIME;
      case ColumnType.TIMESTAMP -> new TimestampWriter(ZoneOffsets.of(zone), 0, true);
      case ColumnType.TIME2 -> TemporalWriter.time(metadata);
      case ColumnType.DATETIME2 -> TemporalWriter.datetime(metadata);
      case ColumnType.TIMESTAMP2 -> new TimestampWriter(ZoneOffsets.of(zone), metadata, false);
      case ColumnType.STRING ->
          isBinary(column) ? new BinaryWriter(metadata) : text(column, Types.CHAR);
      case ColumnType.VARCHAR, ColumnType.VAR_STRING -> text(column, Types.VARCHAR);
      case ColumnType.MARIADB_VARCHAR_COMPRESSED ->
          new CompressedWriter(text(column, Types.VARCHAR));
      case ColumnType.TINY_BLOB, ColumnType.BLOB, ColumnType.MEDIUM_BLOB, ColumnType.LONG_BLOB ->
          text(column, Types.CLOB);
      case ColumnType.MARIADB_BLOB_COMPRESSED -> new CompressedWriter(text(column, Types.CLOB));
      case ColumnType.GEOMETRY -> new TextWriter(Transcoders.BINARY, Types.BLOB);
      case ColumnType.JSON -> new JsonWriter(column.name());
      case ColumnType.VECTOR -> VectorWriter.INSTANCE;
      default -> throw unknown(column, "type " + column.type());
    };
  }

  private static ValueWriter integer(Column column, int sqlType, int sqlTypeOfTopBit) {
    return column.unsigned()
        ? IntegerWriter.unsigned(sqlType, sqlTypeOfTopBit)
        : IntegerWriter.signed(sqlType);
  }

  private static ValueWriter text(Column column, int sqlType) {
    MysqlCharset charset =
        MysqlCharsets.byCollation(column.collation())
            .orElseThrow(() -> unknown(column, "collation id " + column.collation()));
    Transcoder transcoder = Transcoders.of(charset);
    return transcoder == Transcoders.UTF_8_TEXT
        ? new Utf8Writer(sqlType)
        : new TextWriter(transcoder, isBinary(column) ? Types.BLOB : sqlType);
  }

  private static boolean isBinary(Column column) {
    return column.collation() == Column.BINARY_COLLATION;
  }

  private static CanalException unknown(Column column, String found) {
    return new CanalException(
        ErrorCode.STOP_INSTANCE,
        "column "
            + column.name()
            + " ("
            + column.mysqlType()
            + "): expected a type and character set that are known, found "
            + found);
  }
}
