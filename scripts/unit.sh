#!/usr/bin/env bash
# The unit tests: everything that needs nothing but Go.
set -euo pipefail
# The timeout is for a cold build cache on a busy machine: internal/archtest builds the agent.
exec "$(dirname "$0")/gotest.sh" unit -race -short -timeout 20m ./...
