#!/bin/bash
# The completion offers what may follow.  test_completion.sh reeve.bash
set -eu
. "$1"

complete_line() { # the words of a line; the last one is being typed
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_reeve
	echo "${COMPREPLY[*]}"
}

check() { # expected, the line
	local expected=$1 got
	shift
	got=$(complete_line "$@")
	if [ "$got" != "$expected" ]; then
		echo "'$*': expected '$expected', got '$got'" >&2
		exit 1
	fi
}

check 'ctl' reeve ct
check 'config' reeve ctl co
check 'create claim' reeve ctl device c
check 'import' reeve ctl device im
check 'create claim' reeve ctl --server unix:/x device c
check '--ls-key' reeve ctl device create X --ls
check '--limit' reeve ctl device list --lim
check '--file' reeve ctl location set X --fi
check 'working startup running' reeve ctl config show X ''
check 'startup' reeve ctl config set X s
check '' reeve ctl device create X --ls-key ''
check 'utf8 utf8_bom' reeve ctl device export --encoding u
check 'en ja' reeve ctl --lang ''
check 'en' reeve ctl device list --lang e
check '--no-header' reeve ctl device list --no-h
check '--dry-run' reeve ctl device import X --dr

# Files where a file is meant.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
touch "$folder/devices.csv"
cd "$folder"
check 'devices.csv' reeve ctl device import dev
check 'devices.csv' reeve ctl location set X --file dev

# Ids and names are asked of the server that the line names.
cat >reeve <<'PROGRAM'
#!/bin/sh
echo "$*" >>asked
case "$*" in
*'--columns distid device list') echo '0001-A 0001-B' ;;
*'--columns distid device waiting') echo '0002-C' ;;
*'--columns name group list') echo 'tokyo osaka' ;;
esac
PROGRAM
chmod +x reeve
check '0001-A 0001-B' ./reeve ctl device show ''
check '0001-B' ./reeve ctl config diff 0001-B
check '0002-C' ./reeve ctl device claim ''
check 'tokyo' ./reeve ctl device update 0001-A --group t
check 'tokyo osaka' ./reeve ctl --server https://rs.example --ca ca.crt group show ''
check '' ./reeve ctl group set ''
[ "$(tail -n 1 asked)" = 'ctl --server https://rs.example --ca ca.crt --timeout 2 --no-header --columns name group list' ]
check '--token-file' reeve ctl device list --tok
check '' reeve serve ''
