#!/usr/bin/env bash
# The unit tests: everything that needs nothing but Go.
set -euo pipefail
exec "$(dirname "$0")/gotest.sh" unit -race -short ./...
