"""The table: a row is a name, a text that is folded, minutes, a date, and a result."""
import os
import re
import textwrap
import time

TITLES = "row", "what was run, and how often", "minutes", "date (UTC)", "result"
NAME, TEXT = 11, 56  # columns


def row(name, text, *rest):
    """The lines of a row. What counts thousands is put in groups of three digits."""
    text = re.sub(r"(?<![\d./])\d{4,}(?![\d/])", lambda n: format(int(n[0]), ","), text)
    first, *more = textwrap.wrap(text, TEXT, break_on_hyphens=False)
    lines = [name.ljust(NAME) + "%-*s  %7s  %10s  %s" % (TEXT, first, *rest)]
    lines += [" " * NAME + line for line in more]
    return "".join(line.rstrip() + "\n" for line in lines)


class Table:
    """A file that has the table. Rows are kept from an earlier run on the same machine."""

    def __init__(self, path, names, machine):
        self.path, self.machine = path, machine
        self.rows = {name: row(name, "not run yet", "", "", "") for name in names}
        if os.path.exists(path):
            with open(path) as file:
                self.read(file.read().splitlines())

    def read(self, lines):
        if lines[:1] != [self.machine]:
            return
        for line in lines[3:]:  # below the machine, a blank line, and the titles
            if line[0] != " ":
                name = line.split()[0]
                self.rows[name] = ""
            self.rows[name] += line + "\n"

    def put(self, name, text, seconds, result):
        """Write the table with this row, and show it."""
        date = time.strftime("%Y-%m-%d", time.gmtime())
        self.rows[name] = row(name, text, "%.1f" % (seconds / 60), date, result)
        with open(self.path + ".new", "w") as file:
            file.write(self.machine + "\n\n" + row(*TITLES) + "".join(self.rows.values()))
        os.replace(self.path + ".new", self.path)
        print(self.rows[name], end="", flush=True)
