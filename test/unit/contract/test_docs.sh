#!/bin/sh
# The committed documents are what contract/ says.  test_docs.sh SOURCE_ROOT
set -eu
made=$(mktemp -d)
trap 'rm -r "$made"' EXIT
python3 "$1/contract/gen.py" "$made/operations.md" "$made/limits.md"
for name in operations limits; do
	cmp "$made/$name.md" "$1/doc/$name.md" || {
		echo "doc/$name.md is out of date: run scripts/gen-docs" >&2
		exit 1
	}
done
