package io.canal.server.position;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;
import static java.util.Objects.requireNonNull;

import io.canal.protocol.CanalException;
import io.canal.protocol.ErrorCode;
import io.canal.protocol.SourcePosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps positions in {@code data/<destination>/positions.json}. Each save replaces the file: a
 * temporary file is written, forced to disk and renamed, and the directory is forced, so that a
 * process or machine that dies at any moment leaves the old file or the new one. {@code
 * data/<destination>/lock} stays locked from {@link #load} to {@link #close}, because two servers
 * on one directory would each undo what the other saved.
 *
 * <p>{@link StoredConsumer#migratedFrom} is not kept here.
 */
public final class FilePositionStore implements PositionStore {
  /**
   * What this process has locked. It must not even open such a file again: the first close of any
   * descriptor of a file gives up a process's POSIX locks on it.
   */
  private static final Set<Path> LOCKED = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final Path file;
  private final Path temporary;
  private final Path lockFile;

  // owned by the calling thread
  private FileChannel lockChannel;
  private Path lockedPath;
  private StoredPositions current;

  /**
   * @param dataDirectory the server's {@code data} directory, made when missing
   */
  public FilePositionStore(Path dataDirectory, String destination) {
    directory =
        requireNonNull(dataDirectory, "dataDirectory is null")
            .resolve(StoredNames.checkDestination(destination));
    file = directory.resolve("positions.json");
    temporary = directory.resolve("positions.json.tmp");
    lockFile = directory.resolve("lock");
  }

  @Override
  public StoredPositions load() {
    if (lockChannel == null) {
      lock();
    }
    current = read();
    return current;
  }

  /** What is stored at this moment, without taking the store: a server may have it. */
  public StoredPositions read() {
    try {
      return PositionsFile.parse(file, Files.readAllBytes(file));
    } catch (NoSuchFileException e) {
      return StoredPositions.NONE;
    } catch (IOException e) {
      throw failure(ErrorCode.STOP_INSTANCE, "cannot be read", e);
    }
  }

  @Override
  public void saveStart(SourcePosition start) {
    save(Optional.of(start), loaded().consumers());
  }

  @Override
  public void saveConsumers(SortedMap<String, StoredConsumer> consumers) {
    consumers.keySet().forEach(StoredNames::checkConsumer);
    SortedMap<String, StoredConsumer> all = new TreeMap<>(loaded().consumers());
    consumers.forEach(
        (name, consumer) ->
            all.put(name, new StoredConsumer(consumer.filter(), consumer.position())));
    save(loaded().start(), all);
  }

  @Override
  public void deleteConsumer(String name) {
    SortedMap<String, StoredConsumer> rest = new TreeMap<>(loaded().consumers());
    if (rest.remove(StoredNames.checkConsumer(name)) != null) {
      save(loaded().start(), rest);
    }
  }

  /** Gives up the lock; the lock file itself stays, for deleting it would let two servers in. */
  @Override
  public void close() {
    current = null;
    if (lockChannel != null) {
      try {
        unlock();
      } catch (IOException e) {
        throw failure(ErrorCode.RETRY, "cannot be unlocked", e);
      }
    }
  }

  private StoredPositions loaded() {
    if (current == null) {
      throw new IllegalStateException(file + ": not loaded");
    }
    return current;
  }

  private void save(Optional<SourcePosition> start, SortedMap<String, StoredConsumer> consumers) {
    StoredPositions next = new StoredPositions(start, consumers);
    if (next.equals(current)) {
      return;
    }
    try {
      try (FileChannel channel = FileChannel.open(temporary, CREATE, TRUNCATE_EXISTING, WRITE)) {
        writeFully(channel, PositionsFile.format(next));
        channel.force(true);
      }
      Files.move(temporary, file, ATOMIC_MOVE);
      force(directory);
    } catch (IOException e) {
      throw failure(ErrorCode.RETRY, "cannot be written", e);
    }
    current = next;
  }

  private void lock() {
    try {
      makeDirectory(directory.toAbsolutePath());
      Path path = directory.toRealPath().resolve("lock");
      if (!LOCKED.add(path)) {
        throw locked("pid " + ProcessHandle.current().pid());
      }
      try {
        lockedPath = path;
        lockChannel = FileChannel.open(lockFile, CREATE, READ, WRITE);
        if (lockChannel.tryLock() == null) {
          throw locked(holder(lockChannel));
        }
        lockChannel.truncate(0);
        writeFully(lockChannel, ("pid " + ProcessHandle.current().pid() + "\n").getBytes(UTF_8));
      } catch (IOException | CanalException e) {
        unlock();
        throw e;
      }
    } catch (IOException e) {
      throw new CanalException(ErrorCode.STOP_INSTANCE, lockFile + ": cannot be locked: " + e, e);
    }
  }

  private void unlock() throws IOException {
    try {
      if (lockChannel != null) {
        lockChannel.close();
      }
    } finally {
      lockChannel = null;
      LOCKED.remove(lockedPath);
    }
  }

  private CanalException locked(String holder) {
    return new CanalException(
        ErrorCode.STOP_INSTANCE,
        "%s: locked by %s, expected no other server on this directory".formatted(lockFile, holder));
  }

  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer text = ByteBuffer.allocate(32);
    channel.read(text, 0);
    String holder = UTF_8.decode(text.flip()).toString().strip();
    return holder.matches("pid [0-9]+") ? holder : "another process";
  }

  private static void writeFully(FileChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /** Makes what is missing of a directory's path, each entry forced to disk. */
  private static void makeDirectory(Path absolute) throws IOException {
    if (!Files.isDirectory(absolute)) {
      makeDirectory(absolute.getParent());
      Files.createDirectories(absolute);
      force(absolute.getParent());
    }
  }

  private static void force(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, READ)) {
      channel.force(true);
    }
  }

  private CanalException failure(ErrorCode code, String what, IOException cause) {
    return new CanalException(code, "%s: %s: %s".formatted(file, what, cause), cause);
  }
}
