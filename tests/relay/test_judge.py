#!/usr/bin/env python3
"""The judge is judged: each forged log of a client must be found, and an honest one must not."""

import unittest

import paths
from verdict import (Entry, History, check_acknowledged, check_end, check_gap, check_run, is_needless, order,
                     with_hash)


def entry(n, what="", **more):
    return Entry("%d-0.%016x" % (n, n * 7919 + len(what)), "%d%s" % (n, what), **more)


def entries(*numbers):
    return [entry(n) for n in numbers]


def kinds(found):
    return [kind for kind, _ in found]


WRITTEN = {"%d%s" % (n, what) for n in range(100) for what in ("", "lost")}
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


class End(unittest.TestCase):
    def test_a_client_that_stays_behind_is_found(self):
        self.assertEqual(check_end(entries(28, 29), NOW), [])
        self.assertEqual(kinds(check_end(entries(27, 28), NOW)), ["late"])
        self.assertEqual(kinds(check_end([], NOW)), ["late"])

    def test_a_client_whose_newest_entry_was_withdrawn_is_up_to_date_where_nothing_follows(self):
        had = entries(28, 29) + [entry(30, "lost")]
        gap = {"reason": "phantom", "last": had[-1].id, "resume": None}
        self.assertEqual(check_end([], NOW, [(had, gap, [])]), [])
        self.assertEqual(kinds(check_end([], NOW, [(had, dict(gap, resume="31-0.0"), [])])), ["late"])
        self.assertEqual(kinds(check_end([], NOW, [(entries(27, 28), gap, [])])), ["late"])

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
