# From gcc's call graphs (-fcallgraph-info=su): the deepest stack of any chain of calls. What memory
# functions and the caller's sink take is not in it. A recursion has no bound, and gets a huge one.
/^node:/ {
    split($0, part, "\"")
    if (match(part[4], /[0-9]+ bytes/))
        own[part[2]] = substr(part[4], RSTART, RLENGTH) + 0
    if (part[4] ~ /bytes \(dynamic/)
        own[part[2]] = 1000000
}
/^edge:/ {
    split($0, part, "\"")
    calls[part[2]] = calls[part[2]] "\n" part[4]
}
function deepest(name, level,    callee, n, i, below, most) {
    if (level > 30)
        return 1000000
    most = 0
    n = split(substr(calls[name], 2), callee, "\n")
    for (i = 1; i <= n; i++) {
        below = deepest(callee[i], level + 1)
        if (below > most)
            most = below
    }
    return own[name] + most
}
END {
    for (name in own) {
        stack = deepest(name, 0)
        if (stack > result)
            result = stack
    }
    print result + 0
}
