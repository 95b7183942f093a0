#!/usr/bin/env bash
# The go command with the project's toolchain and tags: scripts/go.sh test ./...
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$REPO"
use_go
exec go "$@"
