package io.canal.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The proof of a password in {@code ClientAuth} (wire-protocol section 4.2): {@code SHA1(pw) XOR
 * SHA1(seed + SHA1(SHA1(pw)))} as lower-case hex text, for a seed that the server sent in its
 * handshake. The password never crosses the wire, and the server never knows it: it keeps {@code
 * hex(SHA1(SHA1(pw)))}. Pure functions, safe from any thread.
 */
public final class Scramble {
  private static final HexFormat HEX = HexFormat.of();
  private static final int SHA1_BYTES = 20;

  private Scramble() {}

  /** The client's proof; empty for an empty password. */
  public static String prove(String password, byte[] seed) {
    requireNonNull(password, "password is null");
    requireNonNull(seed, "seed is null");
    if (password.isEmpty()) {
      return "";
    }
    byte[] once = sha1(password.getBytes(UTF_8));
    return HEX.formatHex(xor(once, sha1(seed, sha1(once))));
  }

  /**
   * What a server keeps of a password: {@code hex(SHA1(SHA1(password)))}, empty for an empty one.
   */
  public static String stored(String password) {
    requireNonNull(password, "password is null");
    return password.isEmpty() ? "" : HEX.formatHex(sha1(sha1(password.getBytes(UTF_8))));
  }

  /**
   * Whether {@code proof} was made from the password behind {@code stored} and this seed. Takes the
   * same time for every wrong proof. Anything that is no such text is a wrong proof, not an error;
   * an empty {@code stored}, no password, is proven by an empty proof only.
   *
   * @param stored 40 hex digits of either case, as {@link #stored} makes them, or empty
   * @param proof the bytes of {@code ClientAuth.password}
   * @throws IllegalArgumentException if {@code stored} is neither
   */
  public static boolean proves(byte[] proof, String stored, byte[] seed) {
    requireNonNull(proof, "proof is null");
    requireNonNull(seed, "seed is null");
    if (stored.isEmpty()) {
      return proof.length == 0;
    }
    byte[] twice = parse(stored);
    if (twice == null) {
      throw new IllegalArgumentException(
          "a stored password of " + stored.length() + " characters, expected 40 hex digits");
    }
    byte[] answer = parse(new String(proof, ISO_8859_1));
    byte[] once = xor(answer == null ? new byte[SHA1_BYTES] : answer, sha1(seed, twice));
    boolean proven = MessageDigest.isEqual(sha1(once), twice);
    return proven && answer != null;
  }

  private static byte[] parse(String hex) {
    if (hex.length() != 2 * SHA1_BYTES || !hex.chars().allMatch(HexFormat::isHexDigit)) {
      return null;
    }
    return HEX.parseHex(hex);
  }

  private static byte[] xor(byte[] left, byte[] right) {
    byte[] result = new byte[SHA1_BYTES];
    for (int i = 0; i < SHA1_BYTES; i++) {
      result[i] = (byte) (left[i] ^ right[i]);
    }
    return result;
  }

  private static byte[] sha1(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-1");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JDK has no SHA-1", e);
    }
  }
}
