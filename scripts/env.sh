# shellcheck shell=bash
# Sourced by every script here: the repository's root, the caches, Go.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by the scripts that source this
CACHE="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/stylet"

# TAGS leave out the git and archive unpackers of the Kairos SDK (16 MB).
# Command line -tags replace these instead of adding: repeat them there.
TAGS=nogit,nounpack

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# skip NAME REASON: said aloud here, and again in `make test`'s closing table.
skip() {
  say "$1: SKIPPED, $2"
  if [ -n "${STYLET_SKIPS:-}" ]; then printf '%s\t%s\n' "$1" "$2" >>"$STYLET_SKIPS"; fi
}

# use_go puts a Go that is new enough first in PATH, fetching it when needed.
use_go() {
  local bin
  bin=$("$REPO/scripts/toolchain.sh")
  PATH="$bin:$PATH"
  # local: what is built must not depend on a toolchain picked behind our back.
  # buildvcs off: the version comes by -ldflags, and CI clones are shallow.
  export PATH GOTOOLCHAIN=local GOFLAGS="-buildvcs=false -tags=$TAGS"
}
