#!/usr/bin/env bash
# Runs shellcheck over every shell script of the repository, named .sh or not.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$REPO"

# Tracked and new files alike: a script is checked before its first commit.
mapfile -t scripts < <(
  git ls-files -co --exclude-standard | while read -r file; do
    [ -f "$file" ] || continue
    case $file in
      *.sh) echo "$file" ;;
      *.*) ;;
      *) if head -c 64 "$file" | head -1 | grep -aqE '^#!.*\b(ba|da)?sh\b'; then echo "$file"; fi ;;
    esac
  done
)
# SC1091: sourced files are checked as files of their own.
shellcheck --severity=style --exclude=SC1091 "${scripts[@]}"
say "shellcheck: ${#scripts[@]} scripts"
