"""Where the modules are that this folder shares with others: importing this makes them found."""

import os
import sys

sys.dont_write_bytecode = True
TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir))
for folder in ("tests/servers", "examples/relay/operate"):
    path = os.path.join(TOP, folder)
    if path not in sys.path:
        sys.path.append(path)
