package io.canal.server.subscription;

import static java.util.Objects.requireNonNull;

import io.canal.parser.consumer.Consumer;
import io.canal.parser.log.Chunk;
import io.canal.parser.log.ChunkLimit;
import io.canal.parser.log.FrameFilter;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The encodings of one destination, where consumers of the same filter that are near each other in
 * the log find what one of them has begun, instead of going over it and encoding it again. Any
 * thread.
 *
 * <p>What is begun stays until the consumers close behind have passed it, or memory is short.
 */
final class SharedEncodings {
  /** Who is farther behind, in bytes of the log, is not waited for. */
  private static final long NEAR_BYTES = 4L * 1024 * 1024;

  /** Who has that many chunks to go takes no crumbs, as one makes them at the end of the log. */
  private static final int FAR_CHUNKS = 4;

  private static final int CRUMBS_PER_CHUNK = 16;
  private static final long NOWHERE = -1;
  private static final int LOCKS = 16;
  private static final int LOCK_RANGE_BITS = 20;

  private final ChunkEncoder encoder;
  private final EncodedBytes budget;
  private final Map<String, Group> groups = new ConcurrentHashMap<>();

  SharedEncodings(ChunkEncoder encoder, EncodedBytes budget) {
    this.encoder = requireNonNull(encoder, "encoder is null");
    this.budget = requireNonNull(budget, "budget is null");
  }

  /** Adds a consumer of that filter. */
  Member join(String filter) {
    Member member = new Member();
    groups.compute(
        filter,
        (key, known) -> {
          Group group = known == null ? new Group(key) : known;
          group.members.add(member);
          member.group = group;
          return group;
        });
    return member;
  }

  /** The consumers of one filter, and what they share. */
  private final class Group {
    final String filter;
    final List<Member> members = new CopyOnWriteArrayList<>();
    final NavigableMap<Long, Encoding> byStart = new ConcurrentSkipListMap<>();
    final AtomicLong bytes = new AtomicLong();
    final Object[] locks = new Object[LOCKS];

    Group(String filter) {
      this.filter = filter;
      for (int i = 0; i < LOCKS; i++) {
        locks[i] = new Object();
      }
    }

    /** Those at one place take turns, so that one goes over the log and the others follow. */
    Object lockFor(long position) {
      return locks[(int) (position >>> LOCK_RANGE_BITS) & (LOCKS - 1)];
    }

    boolean isWantedBehind(Member by, long position) {
      for (Member member : members) {
        if (member != by && member.isNear(position)) {
          return true;
        }
      }
      return false;
    }

    void put(Encoding encoding) {
      if (encoding.retain()) {
        long guess = encoding.bytes();
        bytes.addAndGet(guess);
        Encoding before = byStart.put(encoding.chunk().start(), encoding);
        if (before != null) {
          forget(before);
        }
      }
      while (!byStart.isEmpty() && !budget.allows(bytes.get())) {
        Map.Entry<Long, Encoding> first = byStart.firstEntry();
        if (first != null) {
          remove(first.getKey(), first.getValue());
        }
      }
    }

    /** Lets go of what begins there and nobody close behind needs, as one of them went on. */
    void trim(long from, long to) {
      for (Map.Entry<Long, Encoding> entry : byStart.subMap(from, true, to, true).entrySet()) {
        if (!isWantedBehind(null, entry.getKey())) {
          remove(entry.getKey(), entry.getValue());
        }
      }
    }

    void remove(long start, Encoding encoding) {
      if (byStart.remove(start, encoding)) {
        forget(encoding);
      }
    }

    private void forget(Encoding encoding) {
      bytes.addAndGet(-2L * encoding.chunk().logBytes());
      encoding.release();
    }
  }

  /** One consumer. Used by one thread at a time. */
  final class Member {
    private Group group;
    private volatile long position = NOWHERE;

    private boolean isNear(long place) {
      long at = position;
      return at != NOWHERE && at <= place && place - at <= NEAR_BYTES;
    }

    /**
     * Goes on in the log: gives a chunk that another one is encoding or has encoded, or a new one,
     * which the caller is to run; with a reference for the caller. Empty where nothing is published
     * that the filter shows.
     */
    Optional<Encoding> next(Consumer consumer, ChunkLimit limit, FrameFilter filter) {
      Optional<Encoding> next;
      synchronized (group.lockFor(consumer.position())) {
        next = follow(consumer, limit);
        if (next.isEmpty()) {
          next = consumer.poll(limit, filter).map(chunk -> begin(consumer, chunk));
        }
      }
      goTo(consumer.isAttached() ? consumer.position() : NOWHERE);
      // whom it was kept for may have left meanwhile
      next.ifPresent(encoding -> group.trim(encoding.chunk().start(), encoding.chunk().start()));
      return next;
    }

    private void goTo(long place) {
      long before = position;
      position = place;
      if (before != NOWHERE) {
        group.trim(before, place >= before ? place : before + NEAR_BYTES);
      }
    }

    private Optional<Encoding> follow(Consumer consumer, ChunkLimit limit) {
      Encoding found = group.byStart.get(consumer.position());
      if (found == null
          || !found.chunk().fits(limit)
          || (found.chunk().logBytes() < limit.logBytes() / CRUMBS_PER_CHUNK
              && consumer.unreadBytes() > FAR_CHUNKS * limit.logBytes())
          || !found.retain()) {
        return Optional.empty();
      }
      if (!consumer.follow(found.chunk())) {
        found.release();
        return Optional.empty();
      }
      return Optional.of(found);
    }

    private Encoding begin(Consumer consumer, Chunk chunk) {
      Encoding encoding = new Encoding(chunk, encoder, budget);
      if (consumer.isAttached() && group.isWantedBehind(this, chunk.start())) {
        group.put(encoding);
      }
      return encoding;
    }

    /** It cannot be encoded to its end: nobody else is to meet it. */
    void spoiled(Encoding encoding) {
      group.remove(encoding.chunk().start(), encoding);
    }

    /** The reader goes back; until it goes on, nothing is kept for this consumer. */
    void rests() {
      goTo(NOWHERE);
    }

    /** Another filter counts for it. */
    Member leaveFor(String filter) {
      leave();
      return join(filter);
    }

    void leave() {
      Group left = group;
      groups.computeIfPresent(
          left.filter,
          (key, same) -> {
            same.members.remove(this);
            return same.members.isEmpty() ? null : same;
          });
      rests();
    }
  }
}
