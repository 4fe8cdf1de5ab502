"""What a client got, against the history: each function gives the faults that it finds, as pairs of a
kind and a sentence. Nothing here asks a server, so that test_judge.py can forge what it likes."""

from collections import namedtuple

# An entry of the stream. id: as clients get it, with the hash. data: None for the place at which a client
# began, which has the id of an entry. tag: by which clients filter. doubtful: it is gone, and nobody can
# say any more whether it belonged to this history: a client may have it or not.
Entry = namedtuple("Entry", "id data tag doubtful", defaults=(None, False))

NO_HASH = "." + 16 * "0"  # ends the id of a place at which there is no entry: where an empty log began


def order(id):
    """What to compare ids by: that of Redis, without the hash."""
    return tuple(map(int, id.partition(".")[0].split("-")))


def with_hash(id, fields):
    """The id that clients get for an entry: FNV-1a over the length of each name and value, as eight
    bytes, and its bytes."""
    h = 0xcbf29ce484222325
    for field in fields:
        for byte in len(field).to_bytes(8, "little") + field:
            h = (h ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return "%s.%016x" % (id, h)


class History:
    """The stream as it now is: a list of entries in their order, the oldest first."""

    def __init__(self, entries=()):
        self.entries = list(entries)
        self.at = {e.id: n for n, e in enumerate(self.entries)}

    def find(self, entry):
        """Its number, or None. A place without an entry is at the entry before it: -1 where there is none."""
        if entry.data is None and entry.id.endswith(NO_HASH):
            return sum(order(e.id) <= order(entry.id) for e in self.entries) - 1
        n = self.at.get(entry.id)
        return n if n is None or entry.data in (None, self.entries[n].data) else None

    def shown(self, tags, run):
        """As a client with this filter sees it, with the places in its run, which may be at entries that it
        is not shown."""
        places = {e.id for e in run if e.data is None}
        return History(e for e in self.entries if e.tag in (None, *tags) or e.id in places)

    def certain(self, start, end):
        """The entries that a client must have between these two places."""
        return [e for e in self.entries[start:end] if not e.doubtful]

    def followed_by(self, now, trimmed=(), deleted=(), lost=False):
        """The history after a look at the server, which now holds these entries. What it no longer has at
        its beginning was trimmed, where something is left that shows it. trimmed, deleted: what somebody
        has taken out since, and has noted; deleted entries are doubtful. lost: the stream was emptied, or
        made anew: what was taken out is doubtful, since nobody can say from which of the two."""
        now = list(now)
        first, last = (order(now[0].id), order(now[-1].id)) if now else (None, None)
        shared = any(self.find(e) is not None for e in now)
        if not shared and (lost or not now):
            held = {e.id for e in now} | set(self.at)
            out = {e.id: e._replace(doubtful=True) for e in (*trimmed, *deleted)
                   if now and e.id not in held and order(e.id) < last}
            return History(sorted([*out.values(), *now], key=lambda e: order(e.id)))
        if not shared and not trimmed and self.entries:
            raise ValueError("nothing is left of the history, and nobody has trimmed it")
        held = {e.id for e in now}
        before = {e.id: e for e in trimmed}
        before.update({e.id: e for e in self.entries})
        before.update({e.id: e for e in deleted})
        kept = [e for id, e in before.items()
                if id not in held and (order(id) < first or e.doubtful and order(id) < last)]
        return History(sorted(kept + now, key=lambda e: order(e.id)))


def check_run(run, history, written):
    """What a client got since its last gap is a contiguous run of the history. written: the data of
    everything that anybody has tried to write."""
    found, last, seen = [], None, set()
    for entry in run:
        if entry.id in seen and entry.data is not None:
            found.append(("double", "%s came twice" % (entry,)))
            continue
        seen.add(entry.id)
        place = history.find(entry)
        if place is None:
            kind = "withdrawn" if entry.data is None or entry.data in written else "forged"
            found.append((kind, "%s is not in the history" % (entry,)))
            continue
        if last is not None and (place < last or place == last and entry.data is not None):
            found.append(("order", "%s came after a later one" % (entry,)))
        elif last is not None:
            missing = history.certain(last + 1, place)
            if missing:
                found.append(("hole", "%d entries are missing before %s, the first is %s"
                              % (len(missing), entry, missing[0])))
        last = place
    return found


def check_filter(run, tags, written):
    """A client with this filter got nothing that is for others, whatever became of it. written: the tag of
    all data."""
    return [("foreign", "%s is for %s, and came to %s" % (entry, written[entry.data], ", ".join(tags)))
            for entry in run if written.get(entry.data) not in (None, *tags)]


def resumed(gap):
    """What would have followed this gap, which has closed the stream, as a run of no more than a place."""
    return [Entry(gap["resume"], None)] if gap["resume"] else []


def check_end(run, history):
    """The client is up to date: its last entry, or place, is that of the history."""
    if not history.entries:
        return []
    if not run or history.find(run[-1]) != len(history.entries) - 1:
        return [("late", "the history ends with %s, and the client with %s"
                 % (history.entries[-1], run[-1] if run else "nothing"))]
    return []


def fork(before, history, doubtful=True):
    """How many entries at the end of this run are not in the history; and the place after the others,
    or None where no entry of it is in there. doubtful: whether doubtful entries are in there."""
    def is_in(entry):
        place = history.find(entry)
        return place is not None and (doubtful or place < 0 or not history.entries[place].doubtful)

    good = len(before)
    while good and not is_in(before[good - 1]):
        good -= 1
    return len(before) - good, history.find(before[good - 1]) + 1 if good else None


def check_gap(before, gap, after, history):
    """The numbers that a gap states, where it states some. before and after: the runs on both sides."""
    found = []
    withdrawn, place = fork(before, history)
    if place is None or not after or history.find(after[0]) is None:
        return found
    most_withdrawn, earliest = fork(before, history, doubtful=False)
    if gap.get("withdrawn") is not None and not withdrawn <= gap["withdrawn"] <= most_withdrawn:
        found.append(("number", "%s says %s withdrawn, and it was %d to %d"
                      % (gap, gap["withdrawn"], withdrawn, most_withdrawn)))
    start = history.find(after[0])
    most = max(0, start - (earliest or 0))
    least = len(history.certain(place, start))
    if gap.get("missed") is not None and not least <= gap["missed"] <= most:
        found.append(("number", "%s says %s missed, and it was %d to %d" % (gap, gap["missed"], least, most)))
    return found


def is_needless(before, after, history):
    """Whether the client could have gone on: it had nothing that was withdrawn, and missed nothing."""
    if not before or not after or history.find(after[0]) is None:
        return False
    withdrawn, place = fork(before, history)
    return withdrawn == 0 and place is not None and not history.certain(place, history.find(after[0]))


def check_acknowledged(acknowledged, history):
    """Everything that was acknowledged is in the history. Gives the faults."""
    return [("unacknowledged", "%s was acknowledged, and is missing" % (e,))
            for e in acknowledged if history.find(e) is None]
