#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: programs as Debian
# packages (root on a machine with apt), npm packages by the lock file. Anywhere
# else it says what is missing. Tests start these programs themselves, each with
# a folder of its own on a free loopback port; a service that a package starts
# is neither used nor needed.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=() # Debian's names

# need PACKAGE PROGRAM…: any one of the programs will do.
need() {
  local package=$1 program
  shift
  for program in "$@"; do
    if command -v "$program" >/dev/null; then return; fi
  done
  missing+=("$package")
}

# The race detector is linked by a C compiler.
if ! echo '#include <stdlib.h>' | "$(go env CC)" -E - >/dev/null 2>&1; then
  missing+=(gcc libc6-dev)
fi
need redis-server redis-server
# Debian keeps the server's programs out of PATH, a folder for each version.
need postgresql initdb /usr/lib/postgresql/*/bin/initdb
need chromium "${CHROMIUM:-chromium}" chromium-browser google-chrome \
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
need nodejs node
need npm npm
# Clients of the Duo Auth API, as machines have them; only root may run them.
if ((EUID == 0)); then
  need login-duo login_duo /usr/sbin/login_duo
  need pamtester pamtester
  compgen -G '/lib/*/security/pam_duo.so' >/dev/null || missing+=(libpam-duo)
fi

if ((${#missing[@]})); then
  if ! command -v apt-get >/dev/null || ((EUID != 0)); then
    echo "missing for the tests, by Debian's names: ${missing[*]}" >&2
    echo "install them (Debian, as root: apt-get install ${missing[*]}), then run this again" >&2
    exit 1
  fi
  echo "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

# npm ci starts from nothing, so it runs only when the lock file has changed
# since it last ran here.
cd browsertest
if ! cmp -s package-lock.json node_modules/.installed-lock; then
  npm ci --ignore-scripts --no-audit --no-fund
  cp package-lock.json node_modules/.installed-lock
fi
