"""The lines about SSE of each server in examples/servers stand together and are few; and the table in
README.md says how many they are.

    python3 lines.py            fails where that is not so
    python3 lines.py --write    writes the numbers into the table"""

import glob
import os
import re
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "servers")
BEGIN, END = "/* SSE: ", "/* End of SSE. "
MOST = 40


def is_server(path):
    with open(path, encoding="utf-8") as f:
        return BEGIN in f.read()


def code(text):
    """The lines that are neither blank nor comment."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return sum(1 for line in text.split("\n") if line.strip() and not line.strip().startswith("//"))


def measure(path):
    """Lines of code about SSE, and of the whole file."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        sys.exit("%s: the lines about SSE do not stand between '%s' and '%s'" % (path, BEGIN, END))
    return code(text[text.index(BEGIN):text.index(END)]), code(text)


def main():
    readme = os.path.join(FOLDER, "README.md")
    with open(readme, encoding="utf-8") as f:
        page = made = f.read()
    files = sorted(p for p in glob.glob(os.path.join(FOLDER, "*.c*")) if is_server(p))
    wrong = 0
    for path in files:
        name = os.path.basename(path)
        sse, whole = measure(path)
        if sse > MOST:
            print("%s: %d lines about SSE, and at most %d" % (name, sse, MOST))
            wrong += 1
        row = re.compile(r"^(\| `%s` \|[^|]*\|) [^|]* \|" % re.escape(name), re.M)
        if not row.search(made):
            print("%s has no row in the table" % name)
            wrong += 1
        made = row.sub(lambda m: "%s %d of %d |" % (m.group(1), sse, whole), made)
    for name in re.findall(r"^\| `(\w+\.c\w*)` \|", page, re.M):
        if not os.path.exists(os.path.join(FOLDER, name)):
            print("the table names %s, which is not there" % name)
            wrong += 1
    if len(files) < 2:
        sys.exit("there are no servers in " + FOLDER)
    if "--write" in sys.argv[1:]:
        with open(readme, "w", encoding="utf-8") as f:
            f.write(made)
    elif made != page:
        print("the table is not that of the files: python3 %s --write" % os.path.relpath(__file__))
        wrong += 1
    print("%d servers" % len(files))
    sys.exit(wrong > 0)


main()
