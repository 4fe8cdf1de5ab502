# Print what gcov -b says of src/, and fail unless all lines and branches that are in the code were
# reached.
#   awk -v sources="version.c ..." -f size.awk REPORT
# sources: the files that must be in it.

# What was reached, of what there is: "12/12".
function ratio(kind) {
    return reached[kind] + 0 "/" there[kind] + 0
}

/^File / {
    name = ""
}

/^File '.*src\/[a-z_0-9]+\.[ch]'$/ {
    name = $2
    gsub(/.*\/|'/, "", name)
}

# After the files comes their sum, which belongs to none.
/^Lines executed:/ && seen[name]++ {
    name = ""
}

name && (/^Lines executed:/ || /^Taken at least once:/) {
    share = $0
    sub(/^[^:]*:/, "", share)
    there[$1] += $NF
    reached[$1] += int(share * $NF / 100 + 0.5)
    if (!/:100\.00% /) {
        printf "  %-20s %s\n", name, $0
        failed++
    }
}

END {
    printf "  %-20s %11s %11s\n", "", "lines", "branches"
    printf "  %-20s %11s %11s\n", "all", ratio("Lines"), ratio("Taken")
    n = split(sources, names, " ")
    for (i = 1; i <= n; i++)
        if (!(names[i] in seen)) {
            print "  " names[i] " is missing from the report"
            failed++
        }
    if (n == 0 || there["Lines"] * there["Taken"] == 0) {
        print "  nothing was measured"
        failed++
    }
    exit failed > 0
}
