#!/usr/bin/env bash
# Generates the assembly of package dense.
#
#   generate.sh            write tile_amd64.s and stub_amd64.go
#   generate.sh --check    fail if they are stale
set -euo pipefail
cd "$(dirname "$0")"

case "${1-}" in
"")
	go run . -out ../tile_amd64.s -stubs ../stub_amd64.go -pkg dense
	;;
--check)
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	go run . -out "$tmp/tile_amd64.s" -stubs "$tmp/stub_amd64.go" -pkg dense
	for f in tile_amd64.s stub_amd64.go; do # the first line names the command
		if ! diff <(tail -n +2 "$tmp/$f") <(tail -n +2 "../$f"); then
			echo "plugins/internal/dense/$f is stale: run make generate" >&2
			exit 1
		fi
	done
	;;
*)
	echo "usage: $0 [--check]" >&2
	exit 2
	;;
esac
