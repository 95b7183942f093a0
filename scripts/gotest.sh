#!/usr/bin/env bash
# go test, with the tests that skipped themselves told to `make test`'s table:
#   scripts/gotest.sh PART ARGUMENTS OF GO TEST...
set -uo pipefail
. "$(dirname "$0")/env.sh"
cd "$REPO" || exit 1
use_go
tools=$(scripts/tools.sh gotestsum) || die "cannot build gotestsum"
part=$1
shift

events=$(mktemp)
trap 'rm -f "$events"' EXIT
# standard-quiet prints go test's own lines; packages without tests are hidden.
"$tools/gotestsum" --format standard-quiet --format-hide-empty-pkg --jsonfile "$events" -- "$@"
status=$?

# A skip's reason is the last indented line that the test printed before it.
jq -rn --arg part "$part" '
  reduce inputs as $e ({why: {}, out: []};
    ($e.Package + " " + ($e.Test // "")) as $id |
    if $e.Test == null then .
    elif $e.Action == "output" and ($e.Output | test("^ +[^ ]+\\.go:[0-9]+: ")) then
      .why[$id] = ($e.Output | sub("^ +[^ ]+\\.go:[0-9]+: "; "") | rtrimstr("\n"))
    elif $e.Action == "skip" then
      .out += [$part + " " + $e.Test + "\t" + (.why[$id] // "no reason given")]
    else . end)
  | .out[]' "$events" | while IFS=$'\t' read -r name why; do skip "$name" "$why"; done
exit "$status"
