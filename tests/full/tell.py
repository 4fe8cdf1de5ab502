"""What the rows of the table say: numbers that the tests have printed, and no others. A row whose
tests have printed none has failed, since it has measured nothing."""
import re
from collections import namedtuple

PASSED, SKIPPED, FAILED = "passed", "skipped", "FAILED"

# A test, or a command: how it ended, in how many seconds, and what it printed.
Part = namedtuple("Part", "name verdict seconds output")


class Uncounted(Exception):
    """A test does not say what it did."""


def numbers(part, pattern):
    """All that a pattern finds in what a part has printed, which has to be something."""
    found = re.findall(pattern, part.output, re.MULTILINE)
    if not found:
        raise Uncounted("%s has printed no count" % part.name)
    return found


def total(part, pattern):
    count = sum(int(number) for number in numbers(part, pattern))
    if count == 0:
        raise Uncounted("%s has counted nothing" % part.name)
    return count


def short(part):
    """ledger_events: events"""
    return part.name.partition("_")[2]


# A function for each row, which is given the parts that have passed; if there are none, those that
# have failed.


def tests(parts):
    return "%d tests passed" % sum(part.verdict == PASSED for part in parts)


def ledger(parts):
    cases = {short(part): total(part, r"(\d+) (?:cases, the ledger is the same|streams)$")
             for part in parts}
    return "%d cases: %s" % (sum(cases.values()), ", ".join("%s %d" % case
                                                          for case in cases.items()))


def coverage(parts):
    ways = numbers(parts[0], r"^(\w+):\n(?:  .*\n)*?  all +(\d+/\d+) +(\d+/\d+)(?: +(\d+/\d+))?$")
    return "; ".join("%s: %s lines, %s branches" % (way, lines, branches) +
                     (", %s MC/DC" % conditions if conditions else "")
                     for way, lines, branches, conditions in ways)


def proofs(parts):
    goals = numbers(parts[0], r"(\d+) of (\d+) goals")
    proved, stated = (sum(int(goal[i]) for goal in goals) for i in (0, 1))
    return "%d goals, %d open; evaluations without an alarm: %d" % (
        stated, stated - proved, len(numbers(parts[0], r"^ok .*: no alarm$")))


def static(parts):
    seen = [(*numbers(part, r"(?:^|: )(\d+) (\w+)$")[-1], short(part)) for part in parts]
    return "looked at: " + ", ".join("%s %s by %s" % tool for tool in seen)


def platforms(parts):
    same = {}
    for part in parts:
        same.setdefault(total(part, r"^(\d+) cases, the ledger is the same$"), []).append(part)
    return "%d platforms with the same ledger: %s" % (len(parts), "; ".join(
        "%d cases on %s" % (cases, ", ".join(map(short, same[cases])))
        for cases in sorted(same, reverse=True)))


def tools(parts):
    return "unit tests: " + ", ".join("%d under %s" % (
        total(part, r"tests passed, \d+ tests? failed out of (\d+)$"), short(part))
                                      for part in parts)


def fuzz(parts):
    inputs = numbers(parts[0], r"^(\w+): ([1-9]\d*) inputs$")
    return "%d inputs: %s" % (sum(int(count) for _, count in inputs),
                              ", ".join("%s %s" % target for target in inputs))


def mutation(parts):
    return "%s; %s" % (numbers(parts[0], r"^(?:.*, )?killed: [1-9]\d*(?:, .*)?$")[-1],
                       numbers(parts[0], r"^score: .*$")[-1])


def resume(parts):
    return "; ".join("%s: %s" % storm for storm in numbers(
        parts[0], r"(\d+ clients, \d+ s) (\d+ events, [1-9]\d* deliveries, .* gaps):"))


def load(parts):
    return numbers(parts[0], r"^[1-9]\d* lines to [1-9]\d* clients: .*$")[-1]


def judge(parts, tell):
    """What a row says, and how it went."""
    ended = {verdict: [part for part in parts if part.verdict == verdict]
             for verdict in (PASSED, SKIPPED, FAILED)}
    if not parts:
        return "nothing was run", FAILED
    if len(ended[SKIPPED]) == len(parts):
        reason = re.findall(r"^skipped: .*$", parts[0].output, re.MULTILINE)
        return "".join(reason[-1:]) or "skipped", SKIPPED
    row = FAILED if ended[FAILED] else PASSED
    try:
        text = tell(ended[PASSED] or ended[FAILED])
    except Uncounted as what:
        text, row = str(what), FAILED
    for verdict in (SKIPPED, FAILED):
        if ended[verdict]:
            text += "; %d %s: " % (len(ended[verdict]), verdict.lower())
            text += ", ".join(part.name for part in ended[verdict])
    return text, row
