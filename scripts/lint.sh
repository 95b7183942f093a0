#!/usr/bin/env bash
# Every check that reads the code without running it. All of them run, so that
# one call shows everything; the exit status says whether any failed.
set -uo pipefail
. "$(dirname "$0")/env.sh"
cd "$REPO" || exit 1
use_go
tools=$(scripts/tools.sh golangci-lint) || die "cannot build the lint tools"
failed=()

check() { # check NAME COMMAND...
  local name=$1 start=$SECONDS result=passed status=0
  shift
  say "-- $name"
  "$@" || status=$?
  case $status in
    0) ;;
    77) result=SKIPPED ;; # the check has said why
    *) result=FAILED; failed+=("$name") ;;
  esac
  say "-- $name: $result ($((SECONDS - start)) s)"
}

# The build tag component is added: those files are code too.
golangci() { "$tools/golangci-lint" run --build-tags "$TAGS,component" ./...; }
# Every module of the repository: what is imported is listed, nothing else is.
tidy() {
  local file wrong=0
  for file in $(git ls-files -- go.mod '*/go.mod' | grep -v testdata); do
    (cd "$(dirname "$file")" && go mod tidy -diff) || { say "$file: run \`go mod tidy\` there"; wrong=1; }
  done
  return $wrong
}
requirements() { go run ./scripts/reqtable -check; }

check golangci-lint golangci
check shellcheck scripts/check-shell.sh
check licences scripts/licences.sh check
check govulncheck scripts/vuln.sh
check "go mod tidy" tidy
check docs/requirements.md requirements

if [ "${#failed[@]}" -gt 0 ]; then die "lint failed: ${failed[*]}"; fi
