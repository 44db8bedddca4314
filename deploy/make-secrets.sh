#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml reads, in deploy/secrets. What is
# there already stays as it is.
set -euo pipefail
cd "$(dirname "$0")"

# The folder keeps other users of this machine out. The files in it are readable
# because a container's user, who has another number than you, opens them.
mkdir -p secrets
chmod 700 secrets
cd secrets

# make NAME BYTES ENCODING
make() {
  if [[ -e $1 ]]; then
    echo "deploy/secrets/$1 is kept"
    return
  fi
  openssl rand "-$3" "$2" >"$1.new"
  chmod 444 "$1.new"
  mv "$1.new" "$1"
  echo "deploy/secrets/$1 is made"
}

make db-password 24 hex
make seal-keys 32 base64

# A mail server's password is its own to give: empty until you write it here.
[[ -e smtp-password ]] || install -m 644 /dev/null smtp-password
