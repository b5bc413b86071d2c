#!/usr/bin/env bash
# Generates the Go of the contract.
#
#   generate.sh            write sdk/internal/wire
#   generate.sh --check    fail if it is stale, or if the contract breaks what
#                          has been released
#   generate.sh --release  make the present contract the released one
#
# released/v1.binpb is the image of the last release. A released message only
# ever grows; anything else is a new package, alignuser.plugin.v2.
set -euo pipefail
cd "$(dirname "$0")"

buf() { go tool -modfile=../../tools/go.mod buf "$@"; }

case "${1-}" in
"")
	buf generate
	;;
--check)
	buf lint
	buf breaking --against released/v1.binpb
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	buf generate -o "$tmp/sdk/proto"
	if ! diff -r "$tmp/sdk/internal/wire" ../internal/wire; then
		echo "sdk/internal/wire is stale: run make generate" >&2
		exit 1
	fi
	;;
--release)
	buf breaking --against released/v1.binpb
	buf build --exclude-source-info -o released/v1.binpb
	;;
*)
	echo "usage: $0 [--check|--release]" >&2
	exit 2
	;;
esac
