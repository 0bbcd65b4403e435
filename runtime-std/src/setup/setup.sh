#!/bin/sh
# Points Micro Machines World Series on this computer at the mmcos server {address}, and back:
#
#   sh setup.sh         adds three lines to /etc/hosts and tests the connection
#   sh setup.sh undo    takes them out again
#   sh setup.sh test    only tests the connection
#
# It changes nothing else, keeps a copy of the file as it was, and leaves a file alone that it does not understand.
# HOSTS_FILE=some-copy sh setup.sh tries it out on a copy.
set -eu
LC_ALL=C
export LC_ALL

server='{address}'
names='{names}'
begin='# mmcos begin (setup.sh undo takes these lines out)'
end='# mmcos end'
hosts=${HOSTS_FILE:-/etc/hosts}
copy=$hosts.before-mmcos

fail() {
    echo "Nothing was changed: $*" >&2
    exit 1
}

block() {
    echo "$begin"
    for name in $names; do echo "$server $name"; done
    echo "$end"
}

# The file without the block; the rest of it to the last byte, with or without an end of the last line.
rest() {
    sed '/^# mmcos begin/,/^# mmcos end/d' "$hosts"
}

understand() {
    [ -e "$hosts" ] || fail "there is no file $hosts."
    [ ! -L "$hosts" ] || fail "$hosts is a link, so another program manages it. Add the lines there:
$(block)"
    [ -f "$hosts" ] || fail "$hosts is not a plain file."
    [ -r "$hosts" ] || fail "$hosts cannot be read."
    case $(ls -ld "$hosts") in
        ??w*) ;;
        *) fail "$hosts is write-protected. If that was not you, find out who did it and why." ;;
    esac
    [ "$(tr -d '\t\n\r\040-\176' <"$hosts" | wc -c)" -eq 0 ] ||
        fail "$hosts has characters that are not plain ASCII. Edit it by hand."
    case $(sed -n '/^# mmcos begin/s/.*/b/p; /^# mmcos end/s/.*/e/p' "$hosts" | tr -d '\n') in
        '') ;;
        be) [ -z "$(strangers)" ] || strange ;;
        *) strange ;;
    esac
}

strange() {
    fail "the lines of mmcos in $hosts are not as this script left them. Take them out by hand."
}

# Lines among those of this script that it did not write, for this server or another.
strangers() {
    sed -n '/^# mmcos begin/,/^# mmcos end/p' "$hosts" | awk -v names="$names" '
        BEGIN { split(names, list, " "); for (i in list) ours[list[i]] = 1 }
        /^# mmcos / { next }
        { sub(/\r$/, "") }
        NF != 2 || !($2 in ours)'
}

# Lines for the game that are not of this script.
foreign() {
    rest | awk -v names="$names" '
        BEGIN { split(names, list, " "); for (i in list) ours[list[i]] = 1 }
        {
            line = $0
            sub(/#.*/, "")
            sub(/\r$/, "")
            for (i = 2; i <= NF; i++) if (tolower($i) in ours) { print line; next }
        }'
}

present() {
    grep -q '^# mmcos begin' "$hosts"
}

# Puts the file $new in the place of the hosts file, and the old one back if that fails.
replace() {
    cp -p "$hosts" "$copy" || fail "a copy of it could not be made at $copy."
    cmp -s "$hosts" "$copy" || fail "$copy is not the same as it."
    # Written in place: owner, rights and labels stay as they are.
    if ! { cat "$new" >"$hosts" && cmp -s "$new" "$hosts"; }; then
        cat "$copy" >"$hosts" || true
        cmp -s "$copy" "$hosts" || { echo "$hosts is damaged; put $copy in its place." >&2; exit 1; }
        fail "$hosts could not be written, and is as it was."
    fi
    echo "A copy of the file as it was before: $copy"
    if command -v resolvectl >/dev/null; then resolvectl flush-caches 2>/dev/null || true; fi
    if command -v nscd >/dev/null; then nscd -i hosts 2>/dev/null || true; fi
}

add() {
    understand
    others=$(foreign)
    [ -z "$others" ] || fail "$hosts has other lines for the game. Take them out by hand:
$others"
    # First in the file, so that nothing depends on how it ends.
    block >"$new"
    rest >>"$new"
    if cmp -s "$new" "$hosts"; then
        echo "The lines are there already. To take them out: sh setup.sh undo"
    else
        replace
        echo "The game on this computer now uses the server $server. To undo that: sh setup.sh undo"
    fi
}

undo() {
    understand
    if present; then
        rest >"$new"
        replace
        echo "The lines are taken out."
    else
        echo "There is nothing to take out."
    fi
}

test_connection() {
    for name in $names; do
        found=$(getent hosts "$name" | awk 'NR == 1 { print $1 }')
        [ "$found" = "$server" ] || echo "$name is ${found:-unknown} and not $server: restart this computer."
    done
    if ! command -v curl >/dev/null; then
        echo "Whether the server can be reached was not tested: curl is not installed."
    elif curl --silent --insecure --max-time 10 --output /dev/null "https://${names%% *}/"; then
        echo "The server answers."
    else
        echo "The server does not answer on port 443. Is it running? Does a firewall or router keep you out?"
        exit 1
    fi
}

new=$(mktemp)
trap 'rm -f "$new"' EXIT

if [ "${1:-}" != test ] && [ "$hosts" = /etc/hosts ] && [ "$(id -u)" -ne 0 ]; then
    echo "Changing $hosts needs the administrator's rights."
    sudo sh "$0" "$@"
    exit
fi
case ${1:-} in
    '')
        add
        [ "$hosts" != /etc/hosts ] || test_connection
        ;;
    undo) undo ;;
    test) test_connection ;;
    *) fail "setup.sh knows undo and test, and not $1." ;;
esac
