#!/usr/bin/env bash
# Builds the tools of tools/go.mod once per set of versions, and prints the
# directory they are in. The first time takes minutes, later none.
set -euo pipefail
. "$(dirname "$0")/env.sh"
use_go

# The Go version is part of the key: a linter built by an older Go refuses code
# of a newer one.
digest=$({ cat "$REPO/tools/go.mod" "$REPO/tools/go.sum"; go env GOVERSION GOARCH; } | sha256sum | cut -c1-16)
dir="$CACHE/tools/$digest"
if [ ! -d "$dir" ]; then
  say "building the tools of tools/go.mod into $dir (once, some minutes)"
  mkdir -p "$CACHE/tools"
  part=$(mktemp -d "$CACHE/tools/part.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  go -C "$REPO/tools" list tool | while read -r tool; do
    GOFLAGS=-buildvcs=false go -C "$REPO/tools" build -trimpath -ldflags '-s -w' -o "$part/" "$tool"
  done
  chmod 0755 "$part"
  # Another process may have been quicker; its tools are as good as ours.
  mv -T "$part" "$dir" 2>/dev/null || [ -d "$dir" ]
fi
printf '%s\n' "$dir"
