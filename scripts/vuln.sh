#!/usr/bin/env bash
# Runs govulncheck over the programs. A finding fails. A database that cannot
# be reached is a skip, said aloud; unless STYLET_VULNDB names the database to
# use (file:///path or https://host), then it must be there.
# Exit status: 0 clean, 3 findings, 77 skipped.
#   scripts/vuln.sh [DIR]   DIR: another module to check, for the test of this gate
set -uo pipefail
. "$(dirname "$0")/env.sh"
use_go
tools=$("$REPO/scripts/tools.sh" govulncheck) || die "cannot build govulncheck"
dir=${1:-$REPO}
db=()
if [ -n "${STYLET_VULNDB:-}" ]; then db=(-db "$STYLET_VULNDB"); fi

# Exit status of govulncheck: 0 nothing found, 3 found, 1 anything else.
output=$("$tools/govulncheck" -C "$dir" "${db[@]}" -tags "$TAGS" ./... 2>&1)
status=$?
if [ $status -eq 1 ] && [ ${#db[@]} -eq 0 ]; then
  # As seen without a network:
  #   govulncheck: fetching vulnerabilities: Get "https://HOST/index/modules.json.gz": dial tcp: lookup HOST ...
  host=$(sed -nE 's|^govulncheck: fetching vulnerabilities: .*"https?://([^/"]+)/.*|\1|p' <<<"$output")
  if [ -n "$host" ]; then
    skip govulncheck "the database at $host cannot be reached (STYLET_VULNDB=file:///path uses a local one)"
    exit 77
  fi
fi
printf '%s\n' "$output" >&2
exit "$status"
