package io.canal.parser.log;

import io.canal.protocol.GtidSet;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The GTIDs of transactions in the order of their ends. To add one allocates nothing while their
 * numbers rise by one. Not thread-safe.
 */
final class EndedGtids {
  private final List<GtidSet.Interval> closed = new ArrayList<>();

  // the interval that grows; none while last is 0
  private UUID sid;
  private String tag;
  private long first;
  private long last;

  void add(UUID newSid, String newTag, long number) {
    if (last > 0 && number == last + 1 && newSid.equals(sid) && newTag.equals(tag)) {
      last = number;
      return;
    }
    close();
    sid = newSid;
    tag = newTag;
    first = number;
    last = number;
  }

  private void close() {
    if (last > 0) {
      closed.add(new GtidSet.Interval(sid, tag, first, last));
      last = 0;
    }
  }

  List<GtidSet.Interval> intervals() {
    if (closed.isEmpty() && last > 0) {
      return List.of(new GtidSet.Interval(sid, tag, first, last));
    }
    List<GtidSet.Interval> all = new ArrayList<>(closed);
    if (last > 0) {
      all.add(new GtidSet.Interval(sid, tag, first, last));
    }
    return all;
  }

  void addTo(GtidSet set) {
    for (GtidSet.Interval interval : intervals()) {
      set.add(interval.sid(), interval.tag(), interval.first(), interval.last());
    }
  }

  void clear() {
    closed.clear();
    last = 0;
  }
}
