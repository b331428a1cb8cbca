#!/bin/sh
# The completion for zsh offers what the one for bash does.  test_completion_zsh.sh _reeve
command -v zsh >/dev/null || { echo "1..0 # SKIP no zsh"; exit 77; }
exec zsh -f -e -u -s -- "$1" <<'TEST'
compadd() { shift; offered+=("$@") } # what zsh would filter by the word being typed
_files() { offered+=(FILES) }
file=${1:A}

check() { # expected, the line; the last word is being typed
	local expected=$1
	shift
	typeset -ga offered=() words=("$@")
	typeset -g CURRENT=$#
	. "$file" || true
	local typed=${words[CURRENT]} fits=() o
	for o in $offered; do
		[[ $o == $typed* || $o == FILES ]] && fits+=("$o")
	done
	if [[ "$fits" != "$expected" ]]; then
		print -u2 -r -- "'$words': expected '$expected', got '$fits'"
		exit 1
	fi
}

check 'ctl' reeve ct
check 'config' reeve ctl co
check 'create claim' reeve ctl device c
check 'create claim' reeve ctl --server unix:/x device c
check '--ls-key' reeve ctl device create X --ls
check 'working startup running' reeve ctl config show X ''
check '' reeve ctl device create X --ls-key ''
check 'utf8 utf8_bom' reeve ctl device export --encoding u
check 'en ja' reeve ctl --lang ''
check 'FILES' reeve ctl device import ''
check 'FILES' reeve ctl location set X --file ''
check '' reeve serve ''

folder=$(mktemp -d)
cd $folder
cat >reeve <<'PROGRAM'
#!/bin/sh
[ "$*" = 'ctl --ca ca.crt --timeout 2 --no-header --columns distid device list' ] && echo '0001-A 0001-B'
PROGRAM
chmod +x reeve
check '0001-B' ./reeve ctl --ca ca.crt device show 0001-B
rm -rf $folder
TEST
