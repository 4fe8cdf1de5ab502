# Put contracts into a copy of the source that they are about:
#
#     awk -f merge.awk wp/text.c.acsl src/text.c > copy
#
# A contract file has sections. What stands in a section goes ahead of the line of the source that
# its heading names, or behind it, blanks at the line's ends aside:
#
#     == static size_t line_len(const char *p, size_t n)      a line of the file, at its margin
#     -- for (;;) {                                           a line of that function
#     -- }                                                    its end
#     ++ put_part(o, "\nretry: ", 8, &digits);                behind a line of that function
#
# Each must name exactly one line, or nothing is merged: when the source changes, the contract is
# looked at anew. A section holds comments alone, so that what is proved is the source as it is.

function trim(s) {
    sub(/^[ \t]+/, "", s)
    sub(/[ \t]+$/, "", s)
    return s
}

function fail(what) {
    print contracts ": " what > "/dev/stderr"
    failed = 1
    exit 1
}

FNR == 1 { file++ }
file == 1 && FNR == 1 { contracts = FILENAME }
file == 1 && /^(==|--|\+\+) / {
    n++
    name[n] = trim(substr($0, 4))
    top[n] = /^==/
    after[n] = /^\+\+/
    next
}
file == 1 {
    if (n == 0 && trim($0) != "")
        fail("text ahead of the first section")
    body[n] = body[n] $0 "\n"
    next
}
{ line[++lines] = $0 }

END {
    if (failed)
        exit 1
    if (n == 0 || lines == 0)
        fail("no sections, or no source")
    for (k = 1; k <= n; k++) {
        first = top[k] ? 1 : scope + 1
        hits = 0
        for (i = first; i <= lines; i++) {
            if (top[k] || name[k] == "}" ? line[i] == name[k] : trim(line[i]) == name[k]) {
                hits++
                at = i
            }
            if (!top[k] && line[i] == "}")
                break
        }
        if (hits != 1)
            fail("found " hits " times: " name[k])
        if (top[k])
            scope = at
        code = body[k]
        gsub(/\/\*@([^*]|\*+[^*\/])*\*+\//, "", code)
        if (code ~ /[^ \t\n]/)
            fail("not a comment, at: " name[k])
        if (after[k])
            behind[at] = behind[at] body[k]
        else
            ahead[at] = ahead[at] body[k]
    }
    for (i = 1; i <= lines; i++)
        printf "%s%s\n%s", ahead[i], line[i], behind[i]
}
