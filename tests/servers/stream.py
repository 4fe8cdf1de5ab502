"""What a stream says, and whether that is what was published. The parser is that of the HTML
standard, so that streams of any server can be checked."""

import time


class Wrong(Exception):
    """A check has failed: why."""


class Event:
    """A block of a stream. data is None where it has no data: a client dispatches nothing."""

    def __init__(self, type, data, id, last_id, retry):
        self.type, self.data, self.id, self.last_id, self.retry = type, data, id, last_id, retry

    def __str__(self):
        data = self.data if self.data is None or len(self.data) < 40 else self.data[:40] + b"..."
        return "%s %r (id %r)" % (self.type or "message", data, self.id)


class Parser:
    """HTML standard, "Interpreting an event stream". Bytes go in; events and comments come out, a
    comment as None."""

    def __init__(self):
        self.rest, self.first, self.after_cr = b"", True, False
        self.type, self.data, self.id, self.retry = b"", [], None, None
        self.last_id = ""  # the last event ID buffer

    def feed(self, data):
        if self.after_cr and data[:1] == b"\n":
            data = data[1:]
            self.after_cr = False
        if data:
            self.after_cr = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        items = []
        for line in lines:
            if self.first:
                self.first = False
                if line.startswith(b"\xef\xbb\xbf"):
                    line = line[3:]
            if not line:
                items.append(self.dispatch())
            elif line.startswith(b":"):
                items.append(None)
            else:
                self.field(line)
        return items

    def field(self, line):
        name, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self.data.append(value)
        elif name == b"event":
            self.type = value
        elif name == b"id" and b"\0" not in value:
            self.id = self.last_id = text(value)
        elif name == b"retry" and value.isdigit():
            self.retry = int(value)

    def dispatch(self):
        data = b"\n".join(self.data) if self.data else None
        event = Event(text(self.type), data, self.id, self.last_id, self.retry)
        if data is not None:
            text(data)
        self.type, self.data, self.id, self.retry = b"", [], None, None
        return event


def text(value):
    try:
        return value.decode()
    except UnicodeDecodeError as e:
        raise Wrong("what is no UTF-8: %s" % e)


class Book:
    """What was published, in its order, and what is known of it."""

    def __init__(self):
        self.log = []  # (type, data, user)
        self.answered = 0  # so many of them; the publisher has not heard of those after them yet
        self.where = {}  # of type and data: the numbers of the events that have them
        self.ids = {}  # of a number, and the number of an id
        self.doubtful = set()  # publishing failed, and they may have been published all the same
        self.ticks = set()

    def add(self, type, data, user):
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self.where.setdefault((type or "", data), []).append(len(self.log))
        self.log.append((type or "", data, user))

    def next(self, n, user, key=None):
        """The first event from number n on that the user has to see, or that has the key; the end of
        the log: none."""
        while n < len(self.log) and (self.log[n][2] not in (None, user) or
                                     n in self.doubtful and self.log[n][:2] != key):
            n += 1
        return n

    def check_id(self, n, id):
        if self.ids.setdefault(n, id) != id or self.ids.setdefault(id, n) != n:
            raise Wrong("event %d has the id %r, and it was another one before" % (n, id))


class Reading:
    """What one client gets, over all of its connections, compared with the book."""

    def __init__(self, book, user=None):
        self.book, self.user = book, user
        self.last_id = ""
        self.low = self.high = 0  # where its first event can be
        self.at = None  # the number of the next event; None: where it begins is not known
        self.told = False  # of a gap, since the last event
        self.received = self.gaps = self.heartbeats = self.places = 0
        self.farewell = self.retry = None
        self.arrivals = {}  # of an event, by its number
        self.ticks, self.spans = [], []  # (when it was published, when it came), up to a gap
        self.foreign = 0

    def begins(self, low):
        """The head has come; when it was asked for, low events had been published."""
        if self.at is None:
            self.low, self.high = low, len(self.book.log)

    def take(self, event):
        if event is None:
            self.heartbeats += 1
            return
        self.retry = event.retry if event.retry is not None else self.retry
        self.last_id = event.last_id or self.last_id
        if event.data is None:
            return
        if self.farewell:
            raise Wrong("an event after the farewell: %s" % event)
        if event.type == "place":
            self.places += 1
            if event.data:
                raise Wrong("a place with data: %s" % event)
        elif event.type == "gap":
            self.gaps += 1
            self.told = True
            self.ticks = self.new_span()
        elif event.type == "farewell":
            self.farewell = event
        elif event.type == "tick" and event.data.isdigit():
            self.take_tick(int(event.data))
        else:
            self.take_published(event)

    def new_span(self):
        self.spans.append([])
        return self.spans[-1]

    def take_tick(self, when):
        if self.ticks and when <= self.ticks[-1][0]:
            raise Wrong("tick %d after tick %d: twice, or out of order" % (when, self.ticks[-1][0]))
        if not self.spans:
            self.ticks = self.new_span()
        self.ticks.append((when, time.monotonic() * 1000))
        self.book.ticks.add(when)

    def take_published(self, event):
        key = event.type, event.data
        numbers = self.book.where.get(key)
        if not numbers:
            raise Wrong("an event that nobody published: %s" % event)
        if self.at is not None and not self.told:
            n = self.book.next(self.at, self.user, key)
            if n == len(self.book.log) or self.book.log[n][:2] != key:
                raise Wrong("%s: it is %s, and %d was next" % (event, self.say(numbers), n))
        else:
            low = self.low if self.at is None else self.at
            fits = [i for i in numbers if i >= low and self.book.next(i, self.user, key) == i]
            if not fits:
                raise Wrong("%s: it is %s, and %d or a later one was next"
                            % (event, self.say(numbers), low))
            n = self.book.ids.get(event.id, fits[0])  # the same data can have been published twice
            if n not in fits:
                raise Wrong("%s: this is the id of event %s" % (event, n))
            if not self.told and n > self.book.next(self.high, self.user):
                raise Wrong("%s is its first event: it is %d, and %d was lost"
                            % (event, n, self.book.next(self.high, self.user)))
        if event.id is not None:
            self.book.check_id(n, event.id)
        self.told = False
        self.at = n + 1
        self.arrivals[n] = time.monotonic()
        self.received += 1

    def say(self, numbers):
        hidden = self.book.log[numbers[0]][2]
        if hidden not in (None, self.user):
            return "for the user %s" % hidden
        return "number %s" % ", ".join(map(str, numbers[:4]))

    def has_all(self):
        """Whether everything that was published until now has come."""
        end = len(self.book.log)
        return self.book.next(self.high if self.at is None else self.at, self.user) == end

    def has_come(self, n):
        """Whether the events up to number n have come, as far as the user sees them."""
        return self.book.next(self.high if self.at is None else self.at, self.user) > n

    def check_ticks(self):
        """Each tick that others got, between two of its own, has come here, too."""
        for span in self.spans:
            if span:
                lost = {t for t in self.book.ticks if span[0][0] < t < span[-1][0]}
                lost -= {t for t, _ in span}
                if lost:
                    raise Wrong("%d ticks were lost: %s" % (len(lost), sorted(lost)[:3]))
