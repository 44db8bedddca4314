#!/usr/bin/env bash
# Runs every fuzz target for a while: fuzz.sh TIME, e.g. 5s.
set -euo pipefail
cd "$(dirname "$0")/.."

ran=0
for folder in $(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -rn1 dirname | sort -u); do
  for target in $(grep -h '^func Fuzz' "$folder"/*_test.go | sed 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/'); do
    echo "$folder $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" "$folder"
    ran=$((ran + 1))
  done
done
if ((ran == 0)); then
  echo "no fuzz target found" >&2
  exit 1
fi
