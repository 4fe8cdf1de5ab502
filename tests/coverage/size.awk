# Print what gcov -b says of src/, and fail unless all lines and branches that are in the code were
# reached.
#   awk -v sources="version.c ..." -f size.awk REPORT
# sources: the files that must be in it.

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
    measured += $NF
    if (!/:100\.00% /) {
        printf "  %-20s %s\n", name, $0
        failed++
    }
}

END {
    print "  lines and branches: " measured + 0
    n = split(sources, names, " ")
    for (i = 1; i <= n; i++)
        if (!(names[i] in seen)) {
            print "  " names[i] " is missing from the report"
            failed++
        }
    if (n == 0 || measured == 0) {
        print "  nothing was measured"
        failed++
    }
    exit failed > 0
}
