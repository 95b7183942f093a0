#!/usr/bin/env bash
# Builds the static, stripped agent.
#   scripts/build.sh              dist/stylet, for this machine's architecture
#   scripts/build.sh amd64 arm64  dist/stylet-linux-ARCH for each
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$REPO"
use_go

pkg=github.com/stylet-edge/stylet/internal/base/version
# A tree without tags still gets a version that sorts and parses as one.
version=$(git describe --tags --match 'v*' --dirty 2>/dev/null) ||
  version=v0.0.0-g$(git describe --always --dirty 2>/dev/null || echo unknown)
commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
# The commit's date, not now: the same commit gives the same bytes.
date=$(git log -1 --format=%cI 2>/dev/null || echo unknown)

build() { # build OUT ARCH
  mkdir -p dist
  CGO_ENABLED=0 GOOS=linux GOARCH=$2 go build -trimpath \
    -ldflags "-s -w -X $pkg.Version=$version -X $pkg.Commit=$commit -X $pkg.Date=$date" \
    -o "$1" ./cmd/stylet
  printf '%s  %s bytes  %s\n' "$1" "$(stat -c %s "$1")" "$version"
}

if [ $# -eq 0 ]; then
  build dist/stylet "$(go env GOHOSTARCH)"
  # Man pages and completions come from the commands themselves.
  rm -rf dist/man dist/completions
  dist/stylet docs dist/man
  mkdir -p dist/completions
  for shell in bash zsh fish; do dist/stylet completion "$shell" >"dist/completions/stylet.$shell"; done
fi
for arch in "$@"; do build "dist/stylet-linux-$arch" "$arch"; done
