#!/usr/bin/env bash
# Prints the bin directory of a Go that is at least what go.mod asks for.
#
# Order: PATH, /usr/local/go, our cache, and at last a download. Debian 12 has
# Go 1.19, too old to build us but able to fetch a module, and toolchains are
# modules: so the download follows the user's own GOPROXY and GOSUMDB, names no
# host, and is checked twice (checksum database, and toolchain.sums).
set -euo pipefail
. "$(dirname "$0")/env.sh"

want=$(awk '$1 == "go" {print $2; exit}' "$REPO/go.mod")

# new_enough GO: does this go command's own version reach go.mod's?
new_enough() {
  local have
  [ -x "$1" ] || return 1
  # GOTOOLCHAIN=local: ask the binary itself, not what it would download.
  # From /: a go.mod nearby may make an old go refuse to answer.
  have=$(cd / && GOTOOLCHAIN=local "$1" version 2>/dev/null | awk '{print substr($3, 3)}')
  [ -n "$have" ] && printf '%s\n%s\n' "$want" "$have" | sort -C -V
}

# bootstrap prints an old go that can at least download modules.
bootstrap() {
  local old
  if ! old=$(command -v go); then
    "$REPO/scripts/deps.sh" bootstrap >&2
    hash -r
    old=$(command -v go) || die "no go command, and scripts/deps.sh bootstrap installed none"
  fi
  printf '%s\n' "$old"
}

install_to() { # install_to DIR VERSION PLATFORM HASH
  local old json dir sum part
  old=$(bootstrap)
  say "fetching the $2 toolchain (about 70 MB) through the Go module proxy"
  json=$(cd / && GOTOOLCHAIN=local GOFLAGS='' GO111MODULE=on "$old" mod download -json \
    "golang.org/toolchain@v0.0.1-$2.$3") || die "cannot fetch $2: $json
Set GOPROXY to a module proxy that serves golang.org/toolchain, or install Go $want yourself."
  dir=$(sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p' <<<"$json")
  sum=$(sed -n 's/^.*"Sum": "\(.*\)".*$/\1/p' <<<"$json")
  [ "$sum" = "$4" ] || die "the toolchain fetched has hash $sum, scripts/toolchain.sums says $4"

  part="$1.part.$$"
  mkdir -p "$(dirname "$1")"
  cp -r "$dir" "$part"
  chmod -R u+w "$part"
  # Module zips carry no go.mod of nested modules and no modes.
  find "$part" -name _go.mod -execdir mv {} go.mod ';'
  chmod +x "$part"/bin/* "$part"/pkg/tool/*/*
  # Another process may have been quicker; its tree is as good as ours.
  mv -T "$part" "$1" 2>/dev/null || { rm -rf "$part"; [ -x "$1/bin/go" ]; }
}

for go in "$(command -v go || true)" /usr/local/go/bin/go; do
  if [ -n "$go" ] && new_enough "$go"; then
    dirname "$go"
    exit 0
  fi
done

case $(uname -m) in
  x86_64) platform=linux-amd64 ;;
  aarch64) platform=linux-arm64 ;;
  *) die "no pinned Go toolchain for $(uname -m): install Go $want yourself" ;;
esac
read -r version hash < <(awk -v p="$platform" '$2 == p {print $1, $3}' "$REPO/scripts/toolchain.sums" | tail -1)
root="$CACHE/go/$version"
new_enough "$root/bin/go" || install_to "$root" "$version" "$platform" "$hash"
new_enough "$root/bin/go" || die "scripts/toolchain.sums offers $version, go.mod asks for go $want: raise the pin"
printf '%s\n' "$root/bin"
