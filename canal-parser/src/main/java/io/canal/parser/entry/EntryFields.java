package io.canal.parser.entry;

/**
 * Tags of the fields that the encoders write by hand, as in {@code CanalEntry.proto}: field number
 * × 8 + wire type (0 a varint, 2 a length and bytes).
 */
final class EntryFields {
  static final int MESSAGES_MESSAGE = (2 << 3) | 2;

  static final int ENTRY_HEADER = (1 << 3) | 2;
  static final int ENTRY_TYPE = 2 << 3;
  static final int ENTRY_STORE_VALUE = (3 << 3) | 2;

  static final int HEADER_VERSION = 1 << 3;
  static final int HEADER_LOGFILE_NAME = (2 << 3) | 2;
  static final int HEADER_LOGFILE_OFFSET = 3 << 3;
  static final int HEADER_SERVER_ID = 4 << 3;
  static final int HEADER_SERVEREN_CODE = (5 << 3) | 2;
  static final int HEADER_EXECUTE_TIME = 6 << 3;
  static final int HEADER_SOURCE_TYPE = 7 << 3;
  static final int HEADER_SCHEMA_NAME = (8 << 3) | 2;
  static final int HEADER_TABLE_NAME = (9 << 3) | 2;
  static final int HEADER_EVENT_LENGTH = 10 << 3;
  static final int HEADER_EVENT_TYPE = 11 << 3;
  static final int HEADER_PROPS = (12 << 3) | 2;
  static final int HEADER_GTID = (13 << 3) | 2;

  static final int COLUMN_INDEX = 1 << 3;
  static final int COLUMN_SQL_TYPE = 2 << 3;
  static final int COLUMN_NAME = (3 << 3) | 2;
  static final int COLUMN_IS_KEY = 4 << 3;
  static final int COLUMN_UPDATED = 5 << 3;
  static final int COLUMN_IS_NULL = 6 << 3;
  static final int COLUMN_VALUE = (8 << 3) | 2;
  static final int COLUMN_MYSQL_TYPE = (10 << 3) | 2;

  static final int ROW_BEFORE_COLUMNS = (1 << 3) | 2;
  static final int ROW_AFTER_COLUMNS = (2 << 3) | 2;

  static final int CHANGE_TABLE_ID = 1 << 3;
  static final int CHANGE_EVENT_TYPE = 2 << 3;
  static final int CHANGE_IS_DDL = 10 << 3;
  static final int CHANGE_SQL = (11 << 3) | 2;
  static final int CHANGE_ROW_DATAS = (12 << 3) | 2;
  static final int CHANGE_DDL_SCHEMA_NAME = (14 << 3) | 2;

  static final int BEGIN_THREAD_ID = 4 << 3;
  static final int END_TRANSACTION_ID = (2 << 3) | 2;

  static final int PAIR_KEY = (1 << 3) | 2;
  static final int PAIR_VALUE = (2 << 3) | 2;

  private EntryFields() {}
}
