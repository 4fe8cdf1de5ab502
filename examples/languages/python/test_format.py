"""A unit test of an application's own events: python3 test_format.py"""
import unittest

import sse


def order_placed(number: str, item: str, count: int) -> bytes:
    """The function under test: what clients are sent when an order is placed."""
    return sse.encode(f"{item}\n{count}", "order", number)


class OrderPlaced(unittest.TestCase):
    def test_an_order_is_an_event_with_two_lines_of_data(self) -> None:
        self.assertEqual(order_placed("o-7", "tea", 2),
                         b"event: order\nid: o-7\ndata: tea\ndata: 2\n\n")

    def test_an_id_with_a_line_break_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            order_placed("o-7\ndata: forged", "tea", 2)


if __name__ == "__main__":
    unittest.main()
