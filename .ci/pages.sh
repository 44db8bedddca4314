#!/usr/bin/env bash
# Runs the tests of the pages' scripts, and of what drives the browser.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=$(find web browsertest -name node_modules -prune -o -name '*.test.mjs' -print | sort)
if ! grep -q '^web/' <<<"$tests"; then
  echo "no test of a page's script found in web" >&2
  exit 1
fi
# Split at white space on purpose: one name a word.
# shellcheck disable=SC2086
node --test --test-reporter=spec $tests
