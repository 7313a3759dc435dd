package io.canal.parser.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.canal.protocol.CanalException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ResentTransactionTest {
  private static final String ID = "3e11fa47-71ca-11e1-9e33-c80aa9429562:7";

  private final ResentTransaction resent = new ResentTransaction();

  private static byte[] images(int length) {
    byte[] images = new byte[length];
    new Random(1).nextBytes(images);
    return images;
  }

  /** Writes the images in pieces, as a log does whose one array is used again and again. */
  private void write(byte[] images, int pieces) {
    int size = images.length / pieces;
    byte[] array = new byte[100 * size];
    for (int i = 0; i < pieces; i++) {
      int at = i % 100 * size;
      if (at == 0) {
        resent.settle();
        Arrays.fill(array, (byte) 0);
      }
      System.arraycopy(images, i * size, array, at, size);
      resent.written(array, at, size);
    }
  }

  @Test
  void shouldProveImagesThatWereHashedLate() {
    byte[] images = images(9_000);
    resent.begin();
    write(images, 450);
    resent.expectAgain(ID);
    resent.beginAgain(ID);

    int known = resent.received(images, 0, 8_999);
    assertThat(known).isEqualTo(8_999);
    assertThat(resent.isResending()).isTrue();
    assertThat(resent.received(new byte[] {images[8_999], 1, 2}, 0, 3)).isEqualTo(1);

    assertThat(resent.isResending()).isFalse();
  }

  @Test
  void shouldRefuseOtherImages() {
    byte[] images = images(9_000);
    resent.begin();
    write(images, 450);
    resent.expectAgain(ID);
    resent.beginAgain(ID);
    images[4_000] ^= 1;

    assertThatThrownBy(() -> resent.received(images, 0, images.length))
        .isInstanceOf(CanalException.class)
        .hasMessageContaining("other bytes");
  }

  @Test
  void shouldForgetWhatAnEarlierTransactionWrote() {
    resent.begin();
    resent.written(images(100), 0, 100);
    resent.begin();
    resent.written(images(50), 0, 50);
    resent.expectAgain(ID);
    resent.beginAgain(ID);

    assertThat(resent.received(images(80), 0, 80)).isEqualTo(50);
  }
}
