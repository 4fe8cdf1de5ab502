# Print what a report of llvm-cov-19 says of src/, and fail unless all of it was reached.
#   awk -v sources="version.c ..." -f gate.awk REPORT
# sources: the files that must be in it.

# What was reached, of what there is: "12/12".
function ratio(there, missed) {
    return there - missed "/" there + 0
}

function row(name, lines, branches, conditions, remark) {
    printf "  %-20s %11s %11s %11s%s\n", name, lines, branches, conditions, remark
}

BEGIN {
    row("", "lines", "branches", "MC/DC", "")
}

# A count of lines, and one of those that were missed, are in the fields 8 and 9; of branches, in 11
# and 12; of conditions, in 14 and 15. A file without functions has none.
NF == 16 && $1 ~ /(^|\/)src\/[a-z_0-9]+\.[ch]$/ && $8 > 0 {
    sub(/.*\//, "", $1)
    seen[$1] = 1
    for (i = 8; i <= 15; i++)
        sum[i] += $i
    is_below = $9 + $12 + $15 > 0
    failed += is_below
    row($1, ratio($8, $9), ratio($11, $12), ratio($14, $15), is_below ? "   below 100 %" : "")
}

END {
    row("all", ratio(sum[8], sum[9]), ratio(sum[11], sum[12]), ratio(sum[14], sum[15]), "")
    n = split(sources, names, " ")
    for (i = 1; i <= n; i++)
        if (!(names[i] in seen)) {
            print "  " names[i] " is missing from the report"
            failed++
        }
    if (n == 0 || sum[8] * sum[11] * sum[14] == 0) {
        print "  nothing was measured"
        failed++
    }
    exit failed > 0
}
