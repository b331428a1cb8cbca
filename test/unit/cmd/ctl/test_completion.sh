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
check 'create claim' reeve ctl --server unix:/x device c
check '--ls-key' reeve ctl device create X --ls
check '--limit' reeve ctl device list --lim
check '--file' reeve ctl location set X --fi
check 'working startup running' reeve ctl config show X ''
check 'startup' reeve ctl config set X s
check '' reeve ctl device create X --ls-key ''
check '--token-file' reeve ctl device list --tok
check '' reeve serve ''
