# From gcc's call graphs (-fcallgraph-info=su), the stack that functions of the library take with
# what they call in it, in the deepest chain:
#
#     awk -v from='event writer' -f stack.awk *.ci        232+
#
#   from   functions, or files for all of theirs; the graphs must be those of all of the library
#
# A plus says that a callback is called on the way. What it takes is the caller's to know, and what
# memory functions and helpers of the compiler take is not in the graphs. Recursion, a frame without
# a fixed size, and a function of the library that is in no graph are told instead, and exit 1.
function fail(what) {
    print "stack: " what
    failed = 1
    exit 1
}
FNR == 1 {
    file = FILENAME
    sub(/.*\//, "", file)
    sub(/\.ci$/, "", file)
}
/^node:/ {
    split($0, part, "\"")
    if (part[4] ~ /bytes \(dynamic\)/) # one that is "dynamic,bounded" has a greatest size
        fail(part[2] " has no fixed frame")
    if (match(part[4], /[0-9]+ bytes/)) {
        own[part[2]] = substr(part[4], RSTART, RLENGTH) + 0
        home[part[2]] = file
    }
}
/^edge:/ {
    split($0, part, "\"")
    calls[part[2]] = calls[part[2]] "\n" part[4]
}
function deepest(name,    callee, n, i, below, most) {
    if (name in total)
        return total[name]
    if (name == "__indirect_call")
        return 0
    if (!(name in own)) {
        if (name ~ /^sse_|:/)
            fail(name " is in no graph")
        return 0
    }
    if (name in open)
        fail(name " calls itself")
    open[name] = 1
    most = 0
    n = split(substr(calls[name], 2), callee, "\n")
    for (i = 1; i <= n; i++) {
        below = deepest(callee[i])
        if (below > most)
            most = below
        if (callee[i] == "__indirect_call" || callee[i] in calls_back)
            calls_back[name] = 1
    }
    total[name] = own[name] + most
    return total[name]
}
END {
    if (failed)
        exit 1
    n = split(from, names)
    if (n == 0)
        fail("of nothing")
    for (i = 1; i <= n; i++)
        missing[names[i]] = wanted[names[i]] = 1
    for (name in own) {
        if (!(name in wanted) && !(home[name] in wanted))
            continue
        delete missing[name]
        delete missing[home[name]]
        stack = deepest(name)
        if (stack > result)
            result = stack
        if (name in calls_back)
            plus = "+"
    }
    for (name in missing)
        fail(name " is in no graph")
    print result + 0 plus
}
