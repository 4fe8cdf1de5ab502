"""The shared library from another language, through nothing but its C symbols:

    python3 ctypes_test.py LIBRARY"""

import ctypes
import sys
import unittest
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint32, c_uint64, c_void_p

OK, AGAIN, END, GAP = 0, 1, 2, 3
E_FIELD, E_SPACE, E_STATE, E_IO = -4, -5, -6, -101


class Str(ctypes.Structure):
    _fields_ = [("ptr", c_char_p), ("len", c_size_t)]

    @staticmethod
    def of(text):
        return Str(None, 0) if text is None else Str(text, len(text))


class Event(ctypes.Structure):
    _fields_ = [("comment", Str), ("id", Str), ("type", Str), ("data", Str), ("retry_ms", c_uint32)]


class Field(ctypes.Structure):
    _fields_ = [("name", Str), ("value", Str)]


class Head(ctypes.Structure):
    _fields_ = [("version", c_int), ("status", c_int), ("flags", c_uint32), ("retry_ms", c_uint32),
                ("allow_origin", Str), ("extra", POINTER(Field)), ("extra_count", c_size_t),
                ("digits_", ctypes.c_char * 12)]


class Heartbeat(ctypes.Structure):
    _fields_ = [("last_ms_", c_uint64), ("interval_ms_", c_uint32)]


class Join(ctypes.Structure):
    _fields_ = [("writer", c_void_p), ("sink", c_void_p), ("wake", c_void_p),
                ("on_close", c_void_p), ("filter", c_void_p), ("user", c_void_p),
                ("flags", c_uint32), ("pace_ms", c_uint32)]


SINK = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, POINTER(c_size_t))

sse = ctypes.CDLL(sys.argv.pop(1))
for name in ("event", "field", "head", "heartbeat"):
    getattr(sse, "sse_%s_size" % name).restype = c_size_t
sse.sse_version_text.restype = c_char_p
sse.sse_status_text.restype = c_char_p
sse.sse_writer_overhead.restype = c_size_t
sse.sse_writer_pending.restype = c_size_t
sse.sse_writer_pending.argtypes = [c_void_p]
sse.sse_writer_init.restype = c_void_p
sse.sse_writer_init.argtypes = [c_void_p, c_size_t, c_uint32]
sse.sse_writer_put.argtypes = [c_void_p] + [c_char_p, c_size_t] * 3
sse.sse_writer_read.argtypes = [c_void_p, c_void_p, c_size_t, POINTER(c_size_t)]
sse.sse_writer_flush.argtypes = [c_void_p, SINK, c_void_p]
sse.sse_writer_close.argtypes = [c_void_p]
sse.sse_writer_begin.argtypes = [c_void_p, POINTER(Event)]
sse.sse_writer_append.argtypes = [c_void_p, c_char_p, c_size_t, POINTER(c_size_t)]
sse.sse_writer_finish.argtypes = [c_void_p]
for name in ("join", "channel", "subscriber", "counters", "published"):
    getattr(sse, "sse_%s_size" % name).restype = c_size_t
for name in ("init", "open"):
    getattr(sse, "sse_history_" + name).restype = c_void_p
    getattr(sse, "sse_history_" + name).argtypes = [c_void_p, c_size_t, c_uint32, c_uint32, c_uint64,
                                                    c_char_p, c_size_t]
sse.sse_history_size.restype = sse.sse_history_id_max.restype = c_size_t
sse.sse_history_size.argtypes = [c_uint32, c_size_t]
sse.sse_history_append_parts.argtypes = [c_void_p] + [c_char_p, c_size_t] * 3 + [c_uint64] * 3
sse.sse_history_expire.argtypes = [c_void_p, c_uint64]
sse.sse_history_find.argtypes = [c_void_p, c_char_p, c_size_t, POINTER(c_uint64)]
sse.sse_history_id.argtypes = [c_void_p, c_uint64, c_void_p, c_size_t, POINTER(c_size_t)]
sse.sse_history_get.argtypes = [c_void_p, c_uint64, POINTER(c_void_p), POINTER(c_size_t)]
for name in ("first", "next"):
    getattr(sse, "sse_history_" + name).restype = c_uint64
    getattr(sse, "sse_history_" + name).argtypes = [c_void_p]
sse.sse_channel_init.argtypes = [c_void_p, c_void_p, c_uint32, POINTER(Event), c_uint64]
sse.sse_channel_publish.argtypes = [c_void_p, POINTER(Event), c_uint64, c_uint64, c_void_p]
sse.sse_channel_join.argtypes = [c_void_p, c_void_p, POINTER(Join), c_char_p, c_size_t]
sse.sse_subscriber_read.argtypes = [c_void_p, c_void_p, c_size_t, POINTER(c_size_t)]
sse.sse_subscriber_close.argtypes = [c_void_p]
sse.sse_http_prefers.argtypes = [c_char_p, c_size_t] * 2


def encode(**parts):
    ev = Event(retry_ms=parts.pop("retry_ms", 0), **{k: Str.of(v) for k, v in parts.items()})
    need = c_size_t()
    status = sse.sse_event_encode(byref(ev), None, c_size_t(0), byref(need))
    if status != E_SPACE:
        return status
    dst = ctypes.create_string_buffer(need.value)
    status = sse.sse_event_encode(byref(ev), dst, need, byref(need))
    return dst.raw if status == OK else status


class Writer:
    def __init__(self, capacity, flags=0):
        size = sse.sse_writer_overhead() + capacity
        self.memory = (c_size_t * (size // ctypes.sizeof(c_size_t) + 1))()
        self.address = sse.sse_writer_init(self.memory, size, flags)
        assert self.address == ctypes.addressof(self.memory)

    def put(self, type=None, data=None, id=None):
        return sse.sse_writer_put(self.address, *(x for part in (type, data, id)
                                                  for x in (part, len(part or b""))))

    def read(self, cap=4096):
        dst, n = ctypes.create_string_buffer(cap), c_size_t()
        status = sse.sse_writer_read(self.address, dst, cap, byref(n))
        return dst.raw[:n.value] if status == OK else status


class Bindings(unittest.TestCase):
    def test_structures_are_laid_out_as_declared(self):
        for name, structure in (("event", Event), ("field", Field), ("head", Head),
                                ("heartbeat", Heartbeat)):
            self.assertEqual(getattr(sse, "sse_%s_size" % name)(), ctypes.sizeof(structure), name)

    def test_the_version_and_statuses_have_words(self):
        self.assertRegex(sse.sse_version_text(), rb"^\d+\.\d+\.\d+$")
        self.assertIn(b"field", sse.sse_status_text(E_FIELD))

    def test_an_event_is_encoded(self):
        self.assertEqual(encode(type=b"t", id=b"7", data=b"a\r\nb", retry_ms=1500, comment=b""),
                         b":\nevent: t\nid: 7\nretry: 1500\ndata: a\ndata: b\n\n")
        self.assertEqual(encode(data=b""), b"data: \n\n")

    def test_a_line_break_in_an_id_is_refused(self):
        self.assertEqual(encode(id=b"1\ndata: forged", data=b"x"), E_FIELD)

    def test_a_writer_lives_in_memory_of_the_language(self):
        w = Writer(64)
        self.assertEqual(w.put(data=b"x" * 30, id=b"1"), OK)
        self.assertEqual(w.put(data=b"y" * 30), AGAIN)
        self.assertEqual(w.read(), b"id: 1\ndata: " + b"x" * 30 + b"\n\n")
        self.assertEqual(w.put(type=b"end", data=b""), OK)
        self.assertEqual(sse.sse_writer_close(w.address), OK)
        self.assertEqual(w.put(data=b"late"), E_STATE)
        self.assertEqual(w.read(), b"event: end\ndata: \n\n")
        self.assertEqual(w.read(), END)

    def test_data_comes_in_pieces(self):
        w, taken = Writer(256), c_size_t()
        self.assertEqual(sse.sse_writer_begin(w.address, None), OK)
        for piece in (b"Hel", b"lo\r", b"\nworld"):
            self.assertEqual(sse.sse_writer_append(w.address, piece, len(piece), byref(taken)), OK)
            self.assertEqual(taken.value, len(piece))
        self.assertEqual(sse.sse_writer_finish(w.address), OK)
        self.assertEqual(w.read(), b"data: Hello\ndata: world\n\n")

    def test_a_function_of_the_language_is_a_sink(self):
        w, got = Writer(256), []

        @SINK
        def sink(user, data, n, taken):
            taken[0] = min(n, 5)
            got.append(ctypes.string_at(data, taken[0]))
            return OK if len(got) < 3 else -7

        self.assertEqual(w.put(data=b"0123456789"), OK)
        self.assertEqual(sse.sse_writer_flush(w.address, sink, None), E_IO)
        self.assertEqual(got, [b"data:", b" 0123", b"45678"])
        self.assertEqual(w.put(data=b"x"), E_IO)

    def test_the_head_of_a_response(self):
        head = Head(version=2, allow_origin=Str.of(b"*"))
        dst, n = ctypes.create_string_buffer(1024), c_size_t()
        self.assertEqual(sse.sse_http_head(byref(head), dst, c_size_t(1024), byref(n)), OK)
        text = dst.raw[:n.value]
        self.assertTrue(text.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertIn(b"\r\naccess-control-allow-origin: *\r\n", text.lower())
        self.assertTrue(text.endswith(b"\r\n\r\n:\n\n"))

    def test_accept_is_understood(self):
        for accept, stream in ((b"text/event-stream", 1), (b"*/*", 0), (None, 0)):
            self.assertEqual(sse.sse_http_prefers(accept, len(accept or b""), b"application/json", 16),
                             stream)

    def test_a_channel_is_pulled_from_a_log_in_memory_of_the_language(self):
        def memory(size):
            return (c_uint64 * (size // 8 + 1))()

        log, channel, writer = memory(4096), memory(sse.sse_channel_size()), memory(512)
        self.assertTrue(sse.sse_history_init(log, ctypes.sizeof(log), 16, 0, 10, b"/news", 5))
        self.assertEqual(sse.sse_channel_init(channel, log, 0, None, 0), OK)
        for text in (b"one", b"two"):
            self.assertEqual(sse.sse_channel_publish(channel, byref(Event(data=Str.of(text))), 0, 0,
                                                     None), OK)
        one = memory(sse.sse_subscriber_size())
        how = Join(writer=sse.sse_writer_init(writer, ctypes.sizeof(writer), 0))
        self.assertEqual(sse.sse_join_size(), ctypes.sizeof(Join))
        self.assertEqual(sse.sse_channel_join(channel, one, byref(how), b"a-1", 3), OK)
        dst, n = ctypes.create_string_buffer(64), c_size_t()
        self.assertEqual(sse.sse_subscriber_read(one, dst, 64, byref(n)), OK)
        self.assertEqual(dst.raw[:n.value], b"id: a-2\ndata: two\n\n")
        self.assertEqual(sse.sse_subscriber_read(one, dst, 64, byref(n)), AGAIN)
        self.assertEqual(sse.sse_subscriber_close(one), OK)
        self.assertEqual(sse.sse_subscriber_read(one, dst, 64, byref(n)), END)

    def test_a_history_is_written_and_read_in_parts_without_a_struct(self):
        size = sse.sse_history_size(16, 4096)
        memory = (c_uint64 * (size // 8))()
        h = sse.sse_history_init(memory, size, 16, 0, 10, b"/news", 5)
        self.assertEqual(h, ctypes.addressof(memory))
        for text in (b"one", None, b"three"):
            self.assertEqual(sse.sse_history_append_parts(h, b"tick", 4, None, 0, text,
                                                          len(text or b""), 1, 2, 3), OK)
        self.assertEqual((sse.sse_history_first(h), sse.sse_history_next(h)), (1, 4))

        name, n = ctypes.create_string_buffer(sse.sse_history_id_max()), c_size_t()
        self.assertEqual(sse.sse_history_id(h, 2, name, len(name), byref(n)), OK)
        last, place = name.raw[:n.value], c_uint64()
        self.assertEqual(sse.sse_history_find(h, last, len(last), byref(place)), OK)
        self.assertEqual(place.value, 3)
        self.assertEqual(sse.sse_history_find(h, b"x" + last, len(last) + 1, byref(place)), GAP)

        event = c_void_p()
        self.assertEqual(sse.sse_history_get(h, 2, byref(event), byref(n)), OK)
        self.assertEqual(ctypes.string_at(event.value, n.value),
                         b"event: tick\nid: " + last + b"\ndata: \n\n")

        h = sse.sse_history_open(memory, size, 16, 0, 11, b"/news", 5)
        self.assertEqual(sse.sse_history_find(h, last, len(last), byref(place)), OK)
        self.assertEqual(sse.sse_history_expire(h, 4), OK)
        self.assertEqual(sse.sse_history_first(h), sse.sse_history_next(h))


if __name__ == "__main__":
    unittest.main(verbosity=2)
