"""What README.md shows is what the tree has:  python3 readme.py BUILD_DIR"""

import os
import re
import subprocess
import sys
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(sys.argv.pop(1))
SPDX = "/* SPDX-License-Identifier: MIT */\n"
OF_THE_BUILD = {"SSE_INSTALL"}  # names that are none of the headers


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


class Readme(unittest.TestCase):
    readme = read("README.md")

    def test_its_first_example_is_format_c_and_prints_what_it_says(self):
        code, printed = re.search(r"```c\n(.*?)```\n\n((?:    [^\n]*\n)+)", self.readme,
                                  re.S).groups()
        self.assertEqual(SPDX + code, read("examples/format.c"))
        done = subprocess.run([os.path.join(BUILD, "format")], stdout=subprocess.PIPE)
        self.assertEqual(re.sub("(?m)^    ", "", printed) + "\n", done.stdout.decode())

    def test_what_it_names_of_the_library_exists(self):
        headers = "".join(read(os.path.join("include/sse", name))
                          for name in os.listdir(os.path.join(TOP, "include/sse")))
        named = set(re.findall(r"\b(?:sse|SSE)_\w+", re.sub(r"(?s)```sh.*?```", "", self.readme)))
        self.assertGreater(len(named), 30)
        self.assertEqual({name for name in named if not re.search(r"\b%s\b" % name, headers)},
                         OF_THE_BUILD)

    def test_the_files_that_it_names_exist(self):
        named = set(re.findall(r"`((?:examples|tests|include|src|\.\w+)/[\w./]+)`", self.readme))
        self.assertGreater(len(named), 3)
        self.assertEqual([n for n in named if not os.path.exists(os.path.join(TOP, n))], [])

    def test_its_code_compiles(self):
        blocks = re.findall(r"```c\n(.*?)```", self.readme, re.S)
        self.assertGreater(len(blocks), 2)
        for block in blocks[1:]:
            text = ("#include <sse/sse.h>\n#include <string.h>\n#include <errno.h>\n"
                    "#include <sys/types.h>\n#include <sys/socket.h>\n%s\n" % block)
            done = subprocess.run([os.environ.get("CC", "cc"), "-x", "c", "-std=gnu99", "-Wall",
                                   "-Wextra", "-Werror", "-Wno-unused", "-Wno-unused-parameter",
                                   "-fsyntax-only", "-I", os.path.join(TOP, "include"), "-"],
                                  input=text.encode(), stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 0, block + done.stderr.decode())


if __name__ == "__main__":
    unittest.main(verbosity=2)
