#!/usr/bin/env bash
# Builds tools of tools/go.mod, once per set of versions, and prints the
# directory they are in:
#   scripts/tools.sh               all; the linter takes some minutes, once
#   scripts/tools.sh govulncheck   only the named ones
set -euo pipefail
. "$(dirname "$0")/env.sh"
use_go

# The Go version is part of the key: a linter built by an older Go refuses code
# of a newer one.
digest=$({ cat "$REPO/tools/go.mod" "$REPO/tools/go.sum"; go env GOVERSION GOARCH; } | sha256sum | cut -c1-16)
dir="$CACHE/tools/$digest"
mkdir -p "$dir"

# .../go-licenses/v2 is called go-licenses, as `go build` would.
name_of() { sed -E 's|/v[0-9]+$||; s|.*/||' <<<"$1"; }
wanted() { # wanted NAME NAMES...
  local name=$1
  shift
  [ $# -eq 0 ] || [[ " $* " == *" $name "* ]]
}

while read -r tool; do
  name=$(name_of "$tool")
  if [ -x "$dir/$name" ] || ! wanted "$name" "$@"; then continue; fi
  say "building $tool (once per version)"
  # Under another name first: a second process must never run half a file.
  GOFLAGS=-buildvcs=false go -C "$REPO/tools" build -trimpath -ldflags '-s -w' -o "$dir/$name.$$" "$tool"
  mv "$dir/$name.$$" "$dir/$name"
done < <(go -C "$REPO/tools" list tool)
printf '%s\n' "$dir"
