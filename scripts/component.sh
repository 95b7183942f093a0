#!/usr/bin/env bash
# Runs the tests behind the build tag component. Only they run: the packages'
# other tests are the unit part's.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$REPO"

mapfile -t files < <(git ls-files -co --exclude-standard -- '*_test.go' | xargs -r grep -lE '^//go:build .*\bcomponent\b' || true)
if [ "${#files[@]}" -eq 0 ]; then
  skip component "no test is behind the build tag component yet"
  exit 0
fi
mapfile -t packages < <(printf './%s\n' "${files[@]%/*}" | sort -u)
names=$(sed -nE 's/^func (Test[A-Za-z0-9_]*)\(.*/\1/p' "${files[@]}" | grep -vx TestMain | sort -u | paste -sd '|')
# One package at a time: these tests start registries, containers and loop devices.
exec scripts/gotest.sh component -race -p 1 -timeout 40m -tags "$TAGS,component" -run "^($names)\$" "${packages[@]}"
