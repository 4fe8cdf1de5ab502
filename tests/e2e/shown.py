"""Every function of the library is shown in a program, and examples/README.md says in which. The flat
twin of a function, which is for other languages, may be shown by the other one.

    python3 shown.py            fails where that is not so
    python3 shown.py --write    writes the list anew"""

import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(TOP, "examples", "README.md")
BEGIN, END = "<!-- functions -->\n", "<!-- end -->\n"
PLACES = ("examples/*.c", "examples/servers/*.c*", "examples/serve/*.c", "examples/ssecat/*.c",
          "examples/languages/*/[sS][sS][eE].*")
MOST = 3  # files that are named for a function


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def headers():
    """The functions of each header, in their order."""
    for path in sorted(glob.glob(os.path.join(TOP, "include/sse/*.h"))):
        names = re.findall(r"^SSE_API [^;(]*?\b(sse_\w+)\(", read(path), re.M)
        if names:
            yield os.path.basename(path), names


def programs():
    """The names in each program, outside of comments; a module can leave out the prefix."""
    for place in PLACES:
        for path in sorted(glob.glob(os.path.join(TOP, place))):
            names = re.findall(r"\w+", re.sub(r"/\*.*?\*/", "", read(path), flags=re.S))
            if "languages" in place:
                names += ["sse_" + name for name in names]
            yield os.path.relpath(path, TOP), set(names)


def table():
    shown = list(programs())
    lines, missing = [], []
    for header, names in headers():
        lines += ["", "`sse/%s`" % header, "", "| function | shown in |", "|---|---|"]
        for name in names:
            places = [path for path, used in shown if name in used]
            twin = name.replace("_parts", "")
            if not places and not (twin != name and any(twin in used for _, used in shown)):
                missing.append(name)
            in_c = [p for p in places if p.endswith(".c")]
            files = ["`%s`" % re.sub("^examples/", "", p) for p in (in_c or places)[:MOST]]
            lines.append("| `%s` | %s |" % (name, ", ".join(files) or "as `%s`" % twin))
    return "\n".join(lines[1:]) + "\n", missing


def main():
    made, missing = table()
    before, _, rest = read(README).partition(BEGIN)
    listed, _, after = rest.partition(END)
    if "--write" in sys.argv[1:]:
        with open(README, "w", encoding="utf-8") as f:
            f.write(before + BEGIN + made + END + after)
    elif listed != made:
        print("examples/README.md: the list of functions is not that of the programs; "
              "see shown.py --write")
    for name in missing:
        print("%s: in no program" % name)
    return 1 if missing or (listed != made and "--write" not in sys.argv[1:]) else 0


if __name__ == "__main__":
    sys.exit(main())
