"""No file of src/ calls upward, and a program links what it uses:  python3 house.py libsse.a

The members of the archive are what a linker takes: whole, for any one function that is called. So
each must need only members that do not need it, and what a user calls must not bring what it does
not need.
"""
import collections
import subprocess
import sys

# What a program that calls these functions must do without.
WITHOUT = {
    ("sse_event_encode",): "writer history channel subscriber http_head",
    ("sse_writer_init", "sse_writer_send", "sse_writer_flush"): "history channel http_head event_parts",
    ("sse_history_init", "sse_history_append"): "history_open reader subscriber writer",
    ("sse_channel_init", "sse_channel_publish", "sse_subscriber_join", "sse_subscriber_flush",
     "sse_channel_tick", "sse_channel_drain"): "http_head http_answer http_accept http_resume "
                                               "history_open heartbeat",
    ("sse_http_head",): "writer history channel http_accept",
}


def read(archive):
    """The members, each with what it defines and what it wants."""
    defines, wants, member = {}, collections.defaultdict(set), None
    for line in subprocess.check_output(["nm", archive], text=True).splitlines():
        if line.endswith(".o:"):
            member = line.split(".")[0]
            wants[member] = set()
        elif line:
            kind, name = line.split()[-2:]
            if kind == "U":
                wants[member].add(name)
            elif kind in "TRDB":
                defines[name] = member
    return defines, {m: {defines[n] for n in names if n in defines} - {m}
                     for m, names in wants.items()}


def reach(needs, members):
    found, new = set(), set(members)
    while new:
        found |= new
        new = set().union(*(needs[m] for m in new)) - found
    return found


def main(archive):
    defines, needs = read(archive)
    failed = [m for m in needs if m in reach(needs, needs[m])]
    for member in failed:
        print("%s needs %s, one of which needs it" % (member, ", ".join(sorted(needs[member]))))
    for functions, without in WITHOUT.items():
        linked = reach(needs, [defines[f] for f in functions])
        unknown = set(without.split()) - set(needs)
        for member in sorted(unknown | linked & set(without.split())):
            failed.append(member)
            print("%s: %s %s" % (functions[0], "links" if member in linked else "there is no", member))
    print("house: %d files, %d programs" % (len(needs), len(WITHOUT)))
    return 1 if failed or len(needs) < 10 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
