#!/usr/bin/env bash
# Holds every module that the programs link to a list of licences.
#   scripts/licences.sh check [PACKAGES]   fails on any other, with what to do
#   scripts/licences.sh report [PACKAGES]  prints module and licence, for NOTICE and people
# Packages default to the programs under cmd/.
set -uo pipefail
. "$(dirname "$0")/env.sh"
cd "$REPO" || exit 1
use_go
tools=$(scripts/tools.sh go-licenses) || die "cannot build go-licenses"

# Permissive, and MPL-2.0: it asks for the sources of its own files only, which
# the module proxy serves. GPL, LGPL and AGPL cannot be in a static binary.
allowed=Apache-2.0,MIT,BSD-2-Clause,BSD-3-Clause,ISC,MPL-2.0,0BSD,Zlib,Unlicense,CC0-1.0

mode=${1:-check}
shift || true
packages=("$@")
if [ "${#packages[@]}" -eq 0 ]; then packages=(./cmd/...); fi
if [ -z "$(go list "${packages[@]}" 2>/dev/null)" ]; then
  skip licences "there is no package in ${packages[*]} yet"
  exit 77
fi

# GOROOT: the tool is built with -trimpath and cannot know the standard library.
GOROOT=$(go env GOROOT)
export GOROOT
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

case $mode in
  report)
    # Its warnings are about addresses of licence texts, which need a network.
    "$tools/go-licenses" report "${packages[@]}" 2>/dev/null | awk -F, '{print $1 "\t" $3}' | sort
    exit
    ;;
  check)
    if "$tools/go-licenses" check "${packages[@]}" --allowed_licenses "$allowed" 2>"$errors"; then exit 0; fi
    # Its own log lines start with a level and a date.
    grep -vE '^[IW][0-9]{4} |^/.*\.s$' "$errors" >&2
    die "A module above has a licence that scripts/licences.sh does not allow, or none it could recognise.
Find who imports it:  scripts/go.sh mod why -m MODULE
Then drop it, or take another module; only if the licence is permissive, add it to the list with the reason."
    ;;
  *) die "usage: scripts/licences.sh check|report [PACKAGES]" ;;
esac
