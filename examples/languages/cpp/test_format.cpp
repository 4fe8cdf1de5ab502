// SPDX-License-Identifier: MIT
// test_format.cpp - the unit test of an application's own events, without a framework.
//
//     c++ -std=c++17 test_format.cpp -lsse -o test_format && ./test_format
#include "sse.hpp"

#include <cstdio>

namespace
{

/// What the application sends when an order changes.
std::string order_changed(const std::string &number, const std::string &state)
{
    return sse::encode("{\"order\": \"" + number + "\",\n \"state\": \"" + state + "\"}", "order",
                       number);
}

int failures = 0;

void check(bool condition, const char *what)
{
    std::printf("%s: %s\n", condition ? "ok" : "FAILED", what);
    failures += !condition;
}

bool is_refused(const std::string &number)
{
    try {
        order_changed(number, "paid");
        return false;
    } catch (const sse::error &e) {
        return e.code() == SSE_E_FIELD && e.what() == std::string("invalid byte in field");
    }
}

} // namespace

int main()
{
    check(order_changed("A7", "paid") == "event: order\nid: A7\ndata: {\"order\": \"A7\",\n"
                                         "data:  \"state\": \"paid\"}\n\n",
          "an order is an event whose id is its number");
    check(is_refused("A7\ndata: forged"), "a line break in the number is refused");
    return failures == 0 ? 0 : 1;
}
