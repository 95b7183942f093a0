#!/usr/bin/env bash
# Runs the named make targets as the parts of one test, each with a heading and
# its time, and closes with a table: what passed, what failed, what was skipped
# and why. All parts run, whatever happens to one: a red run should say all. Only
# packages that cannot be installed end it at once.
#
# The part image begins at once, beside the parts before it: it mostly waits for
# packages and compresses, and from nothing it takes a quarter of an hour. Its
# output comes in its turn.
set -uo pipefail
. "$(dirname "$0")/env.sh"
cd "$REPO" || exit 1

STYLET_SKIPS=$(mktemp)
export STYLET_SKIPS
early='' early_log=$(mktemp) early_took=$(mktemp)
# shellcheck disable=SC2317 # called by the trap
finish() {
  [ -z "$early" ] || kill -- -"$early" 2>/dev/null # its process group, if it still runs
  rm -f "$STYLET_SKIPS" "$early_log" "$early_took"
}
trap finish EXIT
rows=()
failed=0

begin_image() {
  set -m # a process group of its own
  (
    result=0
    TIMEFORMAT=%0R
    { time make image >"$early_log" 2>&1; } 2>"$early_took" || result=$?
    exit "$result"
  ) &
  early=$!
  set +m
}

end_image() {
  tail -n +1 -f --pid="$early" "$early_log"
  wait "$early"
}

for part in "$@"; do
  if [ "$part" = image ] && [ "$1" != image ]; then
    # All packages first: two apt-get at once would be in each other's way.
    scripts/deps.sh go lint component machine && images/install-deps.sh || exit 1
    begin_image
  fi
done
for part in "$@"; do
  printf '\n=== %s ===\n' "$part"
  start=$SECONDS took=''
  if [ "$part" = image ] && [ -n "$early" ]; then
    if end_image; then result=passed; else result=FAILED; failed=1; fi
    took=$(cat "$early_took") early=''
  elif make "$part"; then
    result=passed
  else
    result=FAILED failed=1
  fi
  rows+=("$(printf '%-10s %-7s %5d s' "$part" "$result" "${took:-$((SECONDS - start))}")")
  printf -- '--- %s\n' "${rows[-1]}"
done
rows+=("$(printf '%-10s %-7s %5d s' "in all" '' "$SECONDS")")

printf '\n=== summary ===\n'
printf '%s\n' "${rows[@]}"
if [ -s "$STYLET_SKIPS" ]; then
  printf '\nskipped, so not proven by this run:\n'
  sort -u "$STYLET_SKIPS" | awk -F '\t' '{printf "  %s: %s\n", $1, $2}'
else
  printf '\nnothing was skipped\n'
fi
exit "$failed"
