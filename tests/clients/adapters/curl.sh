#!/usr/bin/env bash
# A stream in a shell, by curl:  curl.sh URL [FAREWELL]
#
# curl reads a stream to its end, and asks again where a server is away (--retry). Reading the lines,
# and coming back with the last id, is the shell's part. Prints type, tab, id, tab, data, NUL.
LC_ALL=C
url=$1 farewell=$2 last='' retry=3
while :; do
    exec 3< <(curl --no-buffer --silent --fail --retry 3 --retry-connrefused \
        --header 'Accept: text/event-stream' ${last:+--header "Last-Event-ID: $last"} "$url")
    curl=$! type=message data='' id=$last
    while IFS= read -r line <&3; do
        case $line in
        '')
            last=$id
            if [ -n "$data" ]; then
                data=${data%$'\n'}
                printf '%s\t%s\t%s\0' "$type" "$last" "$data"
                [ "$type" != "$farewell" ] || exit 0
            fi
            type=message data=''
            ;;
        'data:'*) line=${line#data:} data+=${line# }$'\n' ;;
        'event:'*) line=${line#event:} type=${line# } ;;
        'id:'*) line=${line#id:} id=${line# } ;;
        'retry:'*) retry=$(printf '%d.%03d' $((${line#retry:} / 1000)) $((${line#retry:} % 1000))) ;;
        esac
    done
    wait "$curl" || [ $? -ne 22 ] || exit 1 # refused
    sleep "$retry"
done
