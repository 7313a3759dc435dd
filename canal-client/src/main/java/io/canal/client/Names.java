package io.canal.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Turns the bytes of schema, table and column names into strings that are made once, and remembers
 * where in a row a column was found last. Owned by the thread of one subscription. Bounded: it
 * starts anew when {@value #MAX_NAMES} names are known.
 */
final class Names {
  private static final int MAX_NAMES = 16_384;

  /** A column name that a caller asked for. */
  static final class Lookup {
    final byte[] utf8;
    // where it was found last, counted from the first column in the image
    int hint;

    Lookup(String name) {
      utf8 = name.getBytes(UTF_8);
    }
  }

  private final Map<String, Lookup> lookups = new HashMap<>();
  private byte[][] keys = new byte[64][];
  private String[] values = new String[64];
  private int size;

  Lookup lookup(String name) {
    Lookup lookup = lookups.get(name);
    if (lookup == null) {
      if (lookups.size() == MAX_NAMES) {
        lookups.clear();
      }
      lookup = new Lookup(name);
      lookups.put(name, lookup);
    }
    return lookup;
  }

  String string(byte[] array, int offset, int length) {
    if (length == 0) {
      return "";
    }
    int slot = slot(array, offset, length);
    if (values[slot] != null) {
      return values[slot];
    }
    String value = new String(array, offset, length, UTF_8);
    if (size == MAX_NAMES) {
      Arrays.fill(keys, null);
      Arrays.fill(values, null);
      size = 0;
    } else if (size * 2 >= keys.length) {
      grow();
    }
    put(Arrays.copyOfRange(array, offset, offset + length), value);
    return value;
  }

  private void grow() {
    byte[][] oldKeys = keys;
    String[] oldValues = values;
    keys = new byte[oldKeys.length * 2][];
    values = new String[oldKeys.length * 2];
    size = 0;
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != null) {
        put(oldKeys[i], oldValues[i]);
      }
    }
  }

  private void put(byte[] key, String value) {
    int slot = slot(key, 0, key.length);
    keys[slot] = key;
    values[slot] = value;
    size++;
  }

  /** The slot that holds the name, or the free one where it belongs. */
  private int slot(byte[] array, int offset, int length) {
    int hash = length;
    for (int i = offset; i < offset + length; i++) {
      hash = hash * 31 + array[i];
    }
    int mask = keys.length - 1;
    int slot = (hash ^ hash >>> 15) & mask;
    while (keys[slot] != null
        && !Arrays.equals(keys[slot], 0, keys[slot].length, array, offset, offset + length)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
