#!/usr/bin/env bash
# Runs the named make targets as the parts of one test, each with a heading and
# its time, and closes with a table: what passed, what failed, what was skipped
# and why. All parts run, whatever happens to one: a red run should say all.
set -uo pipefail
. "$(dirname "$0")/env.sh"
cd "$REPO" || exit 1

STYLET_SKIPS=$(mktemp)
export STYLET_SKIPS
trap 'rm -f "$STYLET_SKIPS"' EXIT
rows=()
failed=0

for part in "$@"; do
  printf '\n=== %s ===\n' "$part"
  start=$SECONDS
  if make "$part"; then result=passed; else result=FAILED; failed=1; fi
  rows+=("$(printf '%-10s %-7s %5d s' "$part" "$result" $((SECONDS - start)))")
  printf -- '--- %s\n' "${rows[-1]}"
done

printf '\n=== summary ===\n'
printf '%s\n' "${rows[@]}"
if [ -s "$STYLET_SKIPS" ]; then
  printf '\nskipped, so not proven by this run:\n'
  sort -u "$STYLET_SKIPS" | awk -F '\t' '{printf "  %s: %s\n", $1, $2}'
else
  printf '\nnothing was skipped\n'
fi
exit "$failed"
