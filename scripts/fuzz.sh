#!/usr/bin/env bash
# Runs every fuzz target in turn: scripts/fuzz.sh 30s. Go fuzzes one at a time.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$REPO"
use_go

found=0
while IFS=: read -r file target; do
  found=1
  say "-- $target in ${file%/*}, $1"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" "./${file%/*}" </dev/null
done < <(git ls-files -co --exclude-standard -- '*_test.go' |
  xargs -r grep -HoE '^func Fuzz[A-Za-z0-9_]*' | sed 's/:func /:/')
[ "$found" = 1 ] || skip fuzz "there is no fuzz target yet"
