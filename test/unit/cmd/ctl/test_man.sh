#!/bin/sh
# The man page is well-formed and tells every command and exit code, as the README does.
#   test_man.sh PAGE README
set -eu
command -v man >/dev/null || { echo "1..0 # SKIP no man"; exit 77; }
text=$(MANWIDTH=200 man --warnings=all -l "$1" 2>/tmp/reeve-man.$$) || true
if [ -s /tmp/reeve-man.$$ ]; then
	cat /tmp/reeve-man.$$ >&2
	rm /tmp/reeve-man.$$
	exit 1
fi
rm /tmp/reeve-man.$$
for words in 'config set DISTID KIND' 'device claim DISTID' 'location delete NAME' 'pull list' \
	'EXIT STATUS' 'or the server, does not accept' '--ls-key' '"lines": \[{ "kind": "dhcp"' '--token-file' 'SECRETS' \
	'device import FILE' 'device export' '--no-header' '--skip-existing'; do
	printf '%s' "$text" | grep -q -e "$words" || { echo "the page lacks '$words'" >&2; exit 1; }
done

# Exit status: the same codes and words in both.
for code in 0 1 2 3 4 5 6; do
	words=$(sed -n "s/^| $code | \(.*\) |\$/\1/p" "$2")
	[ -n "$words" ] || { echo "the README lacks exit status $code" >&2; exit 1; }
	printf '%s' "$text" | grep -A 2 "^ *$code  " | tr -s ' \n' ' ' | grep -qF -e "$words" ||
		{ echo "exit status $code is told differently: $words" >&2; exit 1; }
done
