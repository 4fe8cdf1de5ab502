# Fail where a program was not run, or with one setting only:
#     awk -v fixed='sizes' -f ran.awk programs.txt ran
#
#   programs.txt   the names of the programs
#   ran            what ran.c has noted: a name and arguments, a line
#   fixed          programs for which one setting is enough
#
# Ports and temporary files make no difference.
function complain(what) {
    print what
    failed = 1
}
FNR == NR {
    programs[$1]
    next
}
{
    name = $1
    $1 = ""
    gsub(/\/tmp\/[^ ]*/, "FILE")
    sub(/^ [0-9]+$/, "")
    sub(/^ $/, "")
    runs[name]++
    if (!seen[name, $0]++)
        settings[name]++
}
END {
    split(fixed, list, " ")
    for (i in list)
        one[list[i]]
    for (name in one)
        if (!(name in programs))
            complain("there is no program " name)
    for (name in programs) {
        if (!(name in runs)) {
            complain(name " was not run")
            continue
        }
        printf "%-24s run %4d times with %3d settings\n", name, runs[name], settings[name] | "sort"
        if (settings[name] < 2 && !(name in one))
            complain(name " was run with one setting only")
    }
    close("sort")
    exit failed
}
