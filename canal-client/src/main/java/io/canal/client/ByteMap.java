package io.canal.client;

import java.util.Arrays;

/**
 * Finds values by a slice of bytes, without an object per question. Owned by one thread. Bounded:
 * it starts anew when it holds {@value #MAX_KEYS} keys.
 */
final class ByteMap<V> {
  private static final int MAX_KEYS = 16_384;

  private byte[][] keys = new byte[64][];
  private Object[] values = new Object[64];
  private int size;

  /** Null for a key that is not known. */
  @SuppressWarnings("unchecked") // only put() fills it
  V get(byte[] array, int offset, int length) {
    return (V) values[slot(array, offset, length)];
  }

  /** Adds a value whose key {@link #get} did not know; keeps the key. */
  void put(byte[] key, V value) {
    if (size == MAX_KEYS) {
      Arrays.fill(keys, null);
      Arrays.fill(values, null);
      size = 0;
    } else if (size * 2 >= keys.length) {
      grow();
    }
    set(key, value);
    size++;
  }

  private void grow() {
    byte[][] oldKeys = keys;
    Object[] oldValues = values;
    keys = new byte[oldKeys.length * 2][];
    values = new Object[oldKeys.length * 2];
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != null) {
        set(oldKeys[i], oldValues[i]);
      }
    }
  }

  private void set(byte[] key, Object value) {
    int slot = slot(key, 0, key.length);
    keys[slot] = key;
    values[slot] = value;
  }

  /** The slot that holds the key, or the free one where it belongs. */
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
