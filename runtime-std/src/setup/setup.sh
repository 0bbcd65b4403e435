#!/bin/sh
# Points {title} on this computer at the {name} server {address}, and undoes that:
#
#   sh setup.sh            adds lines to /etc/hosts and tests the connection
#   sh setup.sh replace    the same, but first comments out other lines for the game
#   sh setup.sh undo       removes its lines, and restores those that it commented out
#   sh setup.sh test       only tests the connection
#
# Without a file: curl -s http://THE-SERVER/setup.sh | sh      (or: … | sh -s undo)
#
{what_else}# It changes nothing else, keeps a copy of the original file, and leaves a file alone that it does not understand. It uses
# sudo for the change only. HOSTS_FILE=some-copy sh setup.sh tries it out on a copy.
set -eu
LC_ALL=C
export LC_ALL

server='{address}'
names='{names}'
port=${GAME_PORT:-443}
# The certificate of the server's authority, for games that accept only trusted certificates; empty for others.
authority='{authority}'
thumbprint='{thumbprint}'
app='{steam_app}'
begin='# {name} begin (setup.sh undo removes these lines)'
end='# {name} end'
mark='# {name} replaced: '
hosts=${HOSTS_FILE:-/etc/hosts}
copy=$hosts.before-{name}

fail() {
    echo "Nothing was changed: $*" >&2
    exit 1
}

# Sets ip to the server's IP address, since hosts files hold no names.
resolve() {
    case $server in
        *:*) ip=$server ;;
        *[!0-9.]*)
            ip=$(getent ahostsv4 "$server" 2>/dev/null | awk 'NR == 1 { print $1 }') || true
            [ -n "$ip" ] || ip=$(getent hosts "$server" 2>/dev/null | awk 'NR == 1 { print $1 }') || true
            [ -n "$ip" ] || fail "the address of $server cannot be found. Is this computer online? Does the name still exist?"
            ;;
        *) ip=$server ;;
    esac
}

block() {
    echo "$begin"
    for name in $names; do echo "$ip $name"; done
    echo "$end"
}

# An editor may have put a byte order mark before the first line.
begins="\\($(printf '\357\273\277')\\)\\{0,1\\}# {name} begin"

# Reads the hosts file into $work: as it is (old), without the block (base), and as undo leaves it (undone). All other bytes
# stay as they are, in any encoding, with or without an end of the last line.
understand() {
    [ -e "$hosts" ] || fail "there is no file $hosts."
    [ ! -L "$hosts" ] || fail "$hosts is a link, so another program manages it. Add the lines there:
$(block)"
    [ -f "$hosts" ] || fail "$hosts is not a plain file."
    [ -r "$hosts" ] || fail "$hosts cannot be read."
    case $(ls -ld "$hosts") in
        ??w*) ;;
        *) fail "$hosts is write-protected. If you did not do that, find out which program did, and why." ;;
    esac
    cat "$hosts" >"$work/old"
    case $(od -An -tx1 -N2 "$work/old" | tr -d ' \n') in
        fffe | feff) fail "$hosts is UTF-16 text. Save it as UTF-8 first." ;;
    esac
    [ "$(tr -d '\000' <"$work/old" | wc -c)" -eq "$(wc -c <"$work/old")" ] ||
        fail "$hosts contains zero bytes, so it is probably UTF-16 text. Save it as UTF-8 first."
    case $(sed -n "/^$begins/s/.*/b/p; /^# {name} end/s/.*/e/p" "$work/old" | tr -d '\n') in
        '') ;;
        be) [ -z "$(strangers)" ] || strange ;;
        *) strange ;;
    esac
    sed "/^$begins/,/^# {name} end/d" "$work/old" >"$work/base"
    sed "s/^$mark//" "$work/base" >"$work/undone"
}

strange() {
    fail "the lines of {name} in $hosts are not as this script left them. Remove them by hand."
}

# Prints lines within the block that no version of this script wrote.
strangers() {
    sed -n "/^$begins/,/^# {name} end/p" "$work/old" | awk -v names="$names" '
        BEGIN { split(names, list, " "); for (i in list) ours[list[i]] = 1 }
        NR == 1 || /^# {name} end/ { next }
        { sub(/\r$/, "") }
        NF != 2 || !($2 in ours)'
}

# Prints other lines for the game, each after its number and "only", or "mixed" if it has other names too.
foreign() {
    awk -v names="$names" '
        BEGIN { split(names, list, " "); for (i in list) ours[list[i]] = 1 }
        {
            line = $0
            sub(/#.*/, "")
            sub(/\r$/, "")
            game = others = 0
            for (i = 2; i <= NF; i++) if (tolower($i) in ours) game++; else others++
            if (game) print NR, (others ? "mixed" : "only"), line
        }' "$work/base"
}

# Asks the player; without a terminal the answer is no.
agree() {
    [ -t 1 ] && { : </dev/tty; } 2>/dev/null || return 1
    printf '%s [y/N] ' "$1"
    read -r answer </dev/tty || return 1
    case $answer in [yY]*) ;; *) return 1 ;; esac
}

# Replaces the hosts file by $work/new, and restores it if that fails. Only the first change makes a copy: a later copy might
# contain the lines of this script.
# shellcheck disable=SC2016 # expanded by the sh that runs it
replace='
old=$1/old undone=$1/undone new=$1/new hosts=$2 copy=$3
if [ ! -e "$copy" ] && ! { cat "$undone" >"$copy" && cmp -s "$undone" "$copy"; }; then
    rm -f "$copy"
    echo "Nothing was changed: a copy of $hosts could not be made at $copy." >&2
    exit 1
fi
# Written in place, so that owner, permissions and labels stay as they are.
if ! { cat "$new" >"$hosts" && cmp -s "$new" "$hosts"; }; then
    cat "$old" >"$hosts" || true
    cmp -s "$old" "$hosts" || { echo "$hosts is damaged. Replace it with $copy." >&2; exit 1; }
    echo "Nothing was changed: $hosts could not be written." >&2
    exit 1
fi
echo "A copy of the original file: $copy"
'

write_hosts() {
    if [ -w "$hosts" ] && [ -w "$(dirname "$hosts")" ]; then
        sh -c "$replace" sh "$work" "$hosts" "$copy" || exit 1
    else
        command -v sudo >/dev/null ||
            fail "only an administrator may change $hosts, and there is no sudo here. Run this as root."
        echo "Only an administrator may change $hosts, so this uses sudo."
        # The script itself may be on standard input; sudo asks at the terminal.
        sudo sh -c "$replace" sh "$work" "$hosts" "$copy" </dev/null || {
            echo "If sudo failed: run this in a terminal, or as root. On a Steam Deck, first set a password for sudo" >&2
            echo "with the command passwd." >&2
            exit 1
        }
    fi
    if command -v resolvectl >/dev/null; then resolvectl flush-caches 2>/dev/null || true; fi
    if command -v nscd >/dev/null; then nscd -i hosts 2>/dev/null || true; fi
}

add() {
    resolve
    understand
    foreign >"$work/foreign"
    mixed=$(sed -n 's/^[0-9]* mixed //p' "$work/foreign")
    [ -z "$mixed" ] || fail "$hosts has lines for the game that have other names as well. Remove the game's names by hand:
$mixed"
    others=$(sed -n 's/^[0-9]* only //p' "$work/foreign")
    if [ -n "$others" ]; then
        echo "$hosts has other lines for the game:
$others"
        [ "$1" = replace ] || agree "Comment them out? (undo restores them)" ||
            fail "to comment those lines out, run: sh setup.sh replace (or: curl … | sh -s replace)"
    fi
    # First in the file, so that its end does not matter.
    block >"$work/new"
    sed -n "s/^\\([0-9]*\\) .*/\\1s,^,$mark,/p" "$work/foreign" >"$work/edits"
    sed -f "$work/edits" "$work/base" >>"$work/new"
    if cmp -s "$work/new" "$work/old"; then
        echo "The lines are there already. To remove them: sh setup.sh undo"
    else
        write_hosts
        echo "The game on this computer now uses the server $server. To undo that: sh setup.sh undo"
    fi
}

undo() {
    ip=$server
    understand
    if cmp -s "$work/undone" "$work/old"; then
        echo "There is nothing to remove."
    else
        cp "$work/undone" "$work/new"
        write_hosts
        echo "The lines were removed."
    fi
}

# Sends the request that the game sends first, and looks for the mark of this server.
test_connection() {
    resolve
    if [ "$hosts" = /etc/hosts ] && command -v getent >/dev/null; then
        for name in $names; do
            found=$(getent hosts "$name" | awk 'NR == 1 { print $1 }') || true
            [ "$found" = "$ip" ] || echo "$name still leads to ${found:-nothing} and not to $ip: restart this computer."
        done
    fi
    if ! command -v curl >/dev/null; then
        echo "The connection was not tested, because curl is not installed."
        return
    fi
    game=${names%% *}
    case $ip in *:*) target=[$ip] ;; *) target=$ip ;; esac
    answer=$(curl --silent --insecure --include --max-time 10 --noproxy '*' --resolve "$game:$port:$target" \
        "https://$game:$port{probe_path}" | head -c 4096 | tr -d '\000') || true
    closed='{probe_closed}'
    head=$(printf %s "$answer" | tr '[:upper:]' '[:lower:]')
    case $answer in
        '')
            echo "No server responds at $ip, port $port. Is it running? Does a firewall or router block you?"
            exit 1
            ;;
        *'{probe_body}'*) ;;
        *) stranger ;;
    esac
    case $head in *'{probe_mark}'*) ;; *) stranger ;; esac
    case ${closed:+$answer} in
        *?"$closed"*) echo "The server responds. It is closed for maintenance now." ;;
        *) echo "The server responds." ;;
    esac
}

stranger() {
    echo "Not {name} but another program responds at $ip, port $port. Tell the server's operator."
    exit 1
}

# Adds the server's authority to the game's Wine prefix. It is valid for the game's host names only.
trust() {
    [ -n "$authority" ] || return 0
    if [ -z "$app" ]; then
        echo "The game must trust the certificate of this server. Install ca.cer from the server's page where the game looks"
        echo "for certificates: in its Wine prefix, or in the system."
        return
    fi
    if command -v protontricks-launch >/dev/null; then
        printf %s "$authority" | base64 -d >"$work/authority.cer"
        if protontricks-launch --appid "$app" certutil -addstore Root "$work/authority.cer" >/dev/null; then
            echo "The game now trusts the certificate of this server."
            return
        fi
    fi
    echo "The game does not trust the certificate of this server yet. Install protontricks, start the game once, and run"
    echo "this script again. Or download ca.cer from the server's page and run:"
    echo "    protontricks-launch --appid $app certutil -addstore Root ca.cer"
}

distrust() {
    [ -n "$authority" ] && [ -n "$app" ] && command -v protontricks-launch >/dev/null || return 0
    protontricks-launch --appid "$app" certutil -delstore Root "$thumbprint" >/dev/null || return 0
    echo "The game no longer trusts the certificate of this server."
}

main() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    case ${1:-} in
        '' | replace)
            add "${1:-}"
            trust
            [ "$hosts" != /etc/hosts ] || test_connection
            ;;
        undo)
            undo
            distrust
            ;;
        test) test_connection ;;
        *) fail "setup.sh has no command $1; it has replace, undo and test." ;;
    esac
}

# Called last, so that an incomplete download does nothing.
main "$@"
