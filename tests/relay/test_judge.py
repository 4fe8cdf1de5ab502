#!/usr/bin/env python3
"""The judge is judged: each forged log of a client must be found, and an honest one must not."""

import asyncio
import types
import unittest
from unittest import mock

import clients
import paths
from judge import settings
from verdict import (NO_HASH, Entry, History, check_acknowledged, check_end, check_filter, check_gap, check_run,
                     is_needless, order, resumed, with_hash)


def entry(n, what="", **more):
    return Entry("%d-0.%016x" % (n, n * 7919 + len(what)), "%d%s" % (n, what), **more)


def entries(*numbers):
    return [entry(n) for n in numbers]


def kinds(found):
    return [kind for kind, _ in found]


WRITTEN = {"%d%s" % (n, what): None for n in range(100) for what in ("", "lost")}
NOW = History(entries(*range(10, 30)))


class Run(unittest.TestCase):
    """What a client got since its last gap."""

    def found(self, run, history=NOW):
        return kinds(check_run(run, history, WRITTEN))

    def test_an_honest_run_is_accepted(self):
        for start, end in ((10, 30), (10, 11), (15, 20), (29, 30)):
            self.assertEqual(self.found(entries(*range(start, end))), [])

    def test_no_run_at_all_is_accepted(self):
        self.assertEqual(self.found([]), [])

    def test_each_hole_is_found(self):
        for n in range(11, 29):
            self.assertEqual(self.found([e for e in NOW.entries if e != entry(n)]), ["hole"])

    def test_a_hole_after_the_place_where_it_began_is_found(self):
        self.assertEqual(self.found([entry(12)._replace(data=None)] + entries(13, 14)), [])
        self.assertEqual(self.found([entry(12)._replace(data=None)] + entries(14, 15)), ["hole"])

    def test_each_double_is_found(self):
        for n in range(10, 30):
            for where in range(n - 9, 21):
                run = list(NOW.entries)
                run.insert(where, entry(n))
                self.assertEqual(self.found(run), ["double"])

    def test_a_wrong_order_is_found(self):
        for n in range(19):
            run = list(NOW.entries)
            run[n], run[n + 1] = run[n + 1], run[n]
            self.assertIn("order", self.found(run))

    def test_a_withdrawn_entry_that_is_kept_is_found(self):
        for where in range(20):
            run = list(NOW.entries)
            run.insert(where, entry(9, "lost"))
            self.assertEqual(self.found(run), ["withdrawn"])

    def test_a_gap_that_was_not_told_is_found(self):
        """The failover has withdrawn two entries, and the client goes on after them."""
        self.assertEqual(self.found(entries(10, 11) + [entry(12, "lost"), entry(13, "lost")] + entries(14, 15)),
                         ["withdrawn", "withdrawn", "hole"])

    def test_an_id_that_came_again_with_other_contents_is_found(self):
        run = entries(*range(10, 30))
        run[5] = entry(15, "lost")
        self.assertEqual(self.found(run), ["withdrawn", "hole"])
        run[5] = entry(15)._replace(data="16")
        self.assertEqual(self.found(run), ["withdrawn", "hole"])

    def test_an_entry_that_nobody_wrote_is_found(self):
        self.assertEqual(self.found(entries(10, 11) + [Entry("11-1.00", "mine")]), ["forged"])

    def test_a_doubtful_entry_may_be_there_or_not(self):
        history = History(entries(10, 11) + [entry(12, doubtful=True)] + entries(13))
        self.assertEqual(self.found(entries(10, 11, 12, 13), history), [])
        self.assertEqual(self.found(entries(10, 11, 13), history), [])

    def test_a_filter_is_seen_by_what_it_shows(self):
        history = History([entry(10), entry(11, tag="a"), entry(12, tag="b"), entry(13)])
        for kinds, run in (([], entries(10, 11, 13)), (["hole"], entries(10, 13)),
                           (["withdrawn"], entries(10, 11, 12, 13)),
                           ([], [entry(12)._replace(data=None)] + entries(13)),
                           (["hole"], [entry(10)._replace(data=None)] + entries(13))):
            self.assertEqual(self.found(run, history.shown(("a",), run)), kinds)


    def test_a_place_in_the_middle_is_not_past_an_entry_that_is_yet_to_come(self):
        def place(n):
            return entry(n)._replace(data=None)
        history = History([entry(10), entry(11, tag="b"), entry(12), entry(13, tag="b"), entry(14, tag="b")])
        for kinds, run in (([], [entry(10), place(11), entry(12), place(12), place(13), place(14)]),
                           (["hole"], [entry(10), place(13)]),
                           (["hole"], [place(11), place(14)]),
                           (["order"], [entry(10), entry(12), place(10)]),
                           (["withdrawn"], [entry(10), entry(9, "lost")._replace(data=None), entry(12)])):
            self.assertEqual(self.found(run, history.shown(("a",), run)), kinds)

    def test_nothing_is_missing_after_the_place_where_an_empty_log_began(self):
        for id, runs in (("0-0", {10: [], 11: ["hole"]}), ("12-0", {13: [], 14: ["hole"], 12: ["order"]}),
                         ("29-7", {29: ["order"]})):
            for n, right in runs.items():
                self.assertEqual(self.found([Entry(id + NO_HASH, None), entry(n)]), right)
        self.assertEqual(check_end([Entry("29-7" + NO_HASH, None)], NOW), [])
        self.assertEqual(kinds(check_end([Entry("28-7" + NO_HASH, None)], NOW)), ["late"])

    def test_an_entry_of_another_user_is_found_even_where_it_is_withdrawn(self):
        written = {"10": None, "11": "a", "12": "b", "12lost": "b"}
        for right, run in (([], [entry(9)._replace(data=None)] + entries(10, 11)), (["foreign"], entries(10, 11, 12)),
                           (["foreign"], [entry(12, "lost")])):
            self.assertEqual(kinds(check_filter(run, ("a",), written)), right)
        self.assertEqual(kinds(check_filter(entries(11, 12), ("c",), written)), ["foreign"] * 2)


class Stream(unittest.TestCase):
    """What is wrong with a stream itself: the bytes that a client gets, and the end."""

    GAP = 'event: gap\n%sdata: {"reason":"phantom","last":"9-0.00","resume":"10-0.00","missed":0,"withdrawn":1}\n\n'
    ENTRY, PLACE = "id: 10-0.00\ndata: 10\n\n", "event: place\nid: 9-0.00\ndata\n\n"

    def read(self, text, last_id="9-0.00", closes=True, ends=True):
        world = types.SimpleNamespace(seed=1, now=lambda: 0.0, calm=True, closes=closes)
        client = clients.Client("client", "stays", world)
        client.last_id = last_id

        async def read():
            reader = asyncio.StreamReader()
            reader.feed_data(text.encode())
            if ends:
                reader.feed_eof()
            await client.read(reader, False)
        with mock.patch("clients.ENDING", 0.05):
            try:
                asyncio.run(read())
            except asyncio.TimeoutError:
                pass
        return client

    def found(self, *arguments, **named):
        return kinds(self.read(*arguments, **named).found)

    def test_a_gap_that_closes_forgets_the_id_and_ends_the_stream(self):
        client = self.read(self.GAP % "id\n")
        self.assertEqual((client.found, client.last_id, client.run, client.closed), ([], None, [], 1))

    def test_a_gap_that_does_not_close_keeps_the_id(self):
        client = self.read(self.GAP % "" + self.ENTRY, closes=False)
        self.assertEqual((client.found, client.last_id, client.closed), ([], "10-0.00", 0))

    def test_the_id_of_a_gap_is_the_place_from_which_a_client_goes_on(self):
        client = self.read(self.GAP % "id: 8-0.00\n", closes=False)
        self.assertEqual((client.found, client.last_id, client.run), ([], "8-0.00", [Entry("8-0.00", None)]))

    def test_an_id_that_is_not_forgotten_is_found(self):
        for id in "", "id: 9-0.00\n":
            self.assertEqual(self.found(self.GAP % id), ["close"])

    def test_an_id_that_is_forgotten_without_need_is_found(self):
        self.assertEqual(self.found(self.GAP % "id\n", closes=False), ["close"])

    def test_anything_after_a_gap_that_closes_is_found(self):
        for more in self.ENTRY, self.PLACE, ": a comment\n\n":
            self.assertEqual(self.found(self.GAP % "id\n" + more)[:1], ["close"])

    def test_a_stream_that_does_not_end_after_such_a_gap_is_found(self):
        self.assertEqual(self.found(self.GAP % "id\n", ends=False), ["close"])

    def test_a_client_without_an_id_that_does_not_begin_with_a_place_is_found(self):
        self.assertEqual(self.found(self.PLACE + self.ENTRY, last_id=None), [])
        self.assertEqual(self.found(self.ENTRY, last_id=None), ["place"])
        self.assertEqual(self.found(self.GAP % "id\n", last_id=None), ["place"])
        self.assertEqual(self.found(self.ENTRY), [])

    def test_a_place_that_is_none_is_found(self):
        for place in "event: place\ndata\n\n", "event: place\nid: 9-0.00\ndata: 9\n\n":
            self.assertEqual(self.found(place, last_id=None), ["place"])

    def test_the_head_names_the_user_where_a_proxy_would_and_tags_in_the_query(self):
        for by_user, line, field in ((True, b"GET /events?stream=news HTTP/1.1\r\n", b"\r\nX-User: a\r\n"),
                                     (False, b"GET /events?stream=news&tag=a HTTP/1.1\r\n", b"\r\n\r\n")):
            world = types.SimpleNamespace(seed=1, key="news", by_user=by_user, filter="tag")
            head = clients.Client("client", "stays", world, ("a",)).head()
            self.assertTrue(head.startswith(line) and field in head)


class End(unittest.TestCase):
    def test_a_client_that_stays_behind_is_found(self):
        self.assertEqual(check_end(entries(28, 29), NOW), [])
        self.assertEqual(kinds(check_end(entries(27, 28), NOW)), ["late"])
        self.assertEqual(kinds(check_end([], NOW)), ["late"])

    def test_a_client_whose_newest_entry_was_withdrawn_is_up_to_date_where_nothing_follows(self):
        self.assertEqual(check_end([entry(29)._replace(data=None)], NOW), [])
        self.assertEqual(kinds(check_end([entry(28)._replace(data=None)], NOW)), ["late"])

    def test_a_missing_entry_that_was_acknowledged_is_found(self):
        self.assertEqual(check_acknowledged(entries(10, 29), NOW), [])
        self.assertEqual(kinds(check_acknowledged([entry(12), entry(12, "lost"), entry(31)], NOW)),
                         ["unacknowledged"] * 2)


class Gap(unittest.TestCase):
    """before, what the gap says, after."""

    def found(self, before, after, **says):
        return kinds(check_gap(before, says, after, NOW))

    def test_right_numbers_are_accepted(self):
        before = entries(10, 11) + [entry(12, "lost")]
        self.assertEqual(self.found(before, entries(12, 13), missed=0, withdrawn=1), [])
        self.assertEqual(self.found(before, entries(15, 16), missed=3, withdrawn=1), [])
        self.assertEqual(self.found(before, entries(15, 16), missed=None, withdrawn=None), [])
        self.assertEqual(self.found(entries(15, 16), entries(10, 11), missed=0, withdrawn=0), [])

    def test_an_entry_that_was_trimmed_somewhere_may_count_as_withdrawn(self):
        doubtful = [e._replace(doubtful=True) for e in entries(12, 13)]
        history = History(entries(10, 11) + doubtful + entries(20, 21))
        for withdrawn, right in ((0, True), (1, True), (2, True), (3, False)):
            says = {"missed": 0, "withdrawn": withdrawn}
            self.assertEqual(kinds(check_gap(entries(10, 11, 12, 13), says, entries(20), history)),
                             [] if right else ["number"])

    def test_a_wrong_number_is_found(self):
        before = entries(10, 11) + [entry(12, "lost")]
        self.assertEqual(self.found(before, entries(12, 13), missed=1, withdrawn=1), ["number"])
        self.assertEqual(self.found(before, entries(15, 16), missed=2, withdrawn=1), ["number"])
        self.assertEqual(self.found(before, entries(12, 13), missed=0, withdrawn=0), ["number"])
        self.assertEqual(self.found(before, entries(12, 13), missed=0, withdrawn=2), ["number"])

    def test_only_a_gap_that_was_not_needed_counts_as_such(self):
        self.assertTrue(is_needless(entries(10, 11), entries(12, 13), NOW))
        self.assertTrue(is_needless(entries(14, 15), entries(10, 11), NOW))
        self.assertFalse(is_needless(entries(10, 11), entries(13), NOW))
        self.assertFalse(is_needless(entries(10, 11) + [entry(12, "lost")], entries(12), NOW))


    def test_a_gap_that_closes_is_judged_by_what_would_have_followed(self):
        before = [entry(10)._replace(data=None), entry(11), entry(12, "lost")]
        for says, right in (((12, 0, 1), True), ((15, 3, 1), True), ((15, 2, 1), False), ((12, 0, 2), False)):
            gap = dict(zip(("missed", "withdrawn"), says[1:]), resume=entry(says[0]).id)
            self.assertEqual(self.found(before, resumed(gap), **gap), [] if right else ["number"])
        self.assertTrue(is_needless(entries(10, 11), resumed({"resume": entry(12).id}), NOW))
        self.assertFalse(is_needless(entries(10, 11), resumed({"resume": entry(13).id}), NOW))
        self.assertFalse(is_needless(entries(28, 29), resumed({"resume": None}), NOW))


class Worlds(unittest.TestCase):
    def test_two_worlds_have_each_setting_on_and_off(self):
        for seed in range(16):
            for name in "wait_for", "closes", "by_user":
                self.assertEqual(len({settings(n, seed)[name] for n in (0, 1)}), 2)

    def test_four_worlds_have_all_pairs_of_waiting_and_closing_and_one_careful_primary(self):
        for seed in range(16):
            worlds = [settings(n, seed) for n in range(4)]
            self.assertEqual(len({(w["wait_for"], w["closes"]) for w in worlds}), 4)
            self.assertEqual(sum(w["careful"] for w in worlds), 1)

    def test_eight_worlds_have_all_settings_together(self):
        names = "wait_for", "closes", "by_user"
        self.assertEqual(len({tuple(settings(n, 5)[name] for name in names) for n in range(8)}), 8)


class Followed(unittest.TestCase):
    """The history, from one look at the server to the next."""

    def ids(self, history):
        return [int(e.data) for e in history.entries]

    def test_what_was_trimmed_stays(self):
        self.assertEqual(self.ids(NOW.followed_by(entries(*range(25, 35)))), list(range(10, 35)))

    def test_what_was_withdrawn_goes(self):
        now = NOW.followed_by(entries(*range(10, 20), 31))
        self.assertEqual(self.ids(now), list(range(10, 20)) + [31])

    def test_what_was_written_and_trimmed_is_known_from_notes(self):
        self.assertEqual(self.ids(NOW.followed_by(entries(35), trimmed=entries(30, 31, 32, 33, 34))),
                         list(range(10, 36)))
        with self.assertRaises(ValueError):
            NOW.followed_by(entries(35))

    def test_what_was_deleted_is_doubtful(self):
        now = NOW.followed_by(entries(*range(10, 20), *range(21, 31)), deleted=[entry(20, doubtful=True)])
        self.assertEqual(self.ids(now), list(range(10, 31)))
        self.assertEqual([e.data for e in now.entries if e.doubtful], ["20"])

    def test_what_was_deleted_and_then_withdrawn_is_gone(self):
        now = NOW.followed_by(entries(*range(10, 19), 30), deleted=[entry(20, doubtful=True), entry(31, doubtful=True)])
        self.assertEqual(self.ids(now), list(range(10, 19)) + [20, 30])

    def test_a_stream_made_anew_has_no_past(self):
        self.assertEqual(self.ids(NOW.followed_by(entries(40, 41), lost=True)), [40, 41])

    def test_what_was_taken_out_of_a_stream_made_anew_is_doubtful(self):
        now = NOW.followed_by(entries(41, 43), trimmed=entries(28, 40), deleted=entries(29, 42, 44), lost=True)
        self.assertEqual(self.ids(now), [40, 41, 42, 43])
        self.assertEqual([int(e.data) for e in now.entries if e.doubtful], [40, 42])

    def test_a_stream_that_only_went_back_keeps_it(self):
        self.assertEqual(self.ids(NOW.followed_by(entries(15, 16), lost=True)), list(range(10, 17)))


class Ids(unittest.TestCase):
    def test_the_hash_is_the_one_that_the_readme_describes(self):
        """FNV-1a of no bytes, and of 1, 0 (seven times), "a", by hand."""
        self.assertEqual(with_hash("5-1", []), "5-1.cbf29ce484222325")
        h = 0xcbf29ce484222325
        for byte in b"\1\0\0\0\0\0\0\0a":
            h = (h ^ byte) * 0x100000001b3 % 2 ** 64
        self.assertEqual(with_hash("5-1", [b"a"]), "5-1.%016x" % h)

    def test_ids_compare_as_numbers(self):
        self.assertLess(order("9-5.ff"), order("10-0.00"))
        self.assertLess(order("10-9.ff"), order("10-10.00"))


if __name__ == "__main__":
    unittest.main()
