#!/bin/sh
# Installs the Fedify peer below tests/interop/fedify. Fast when it is there already; `make interop` calls it.
# Any node starts it: the version that the peer runs on (22 or later) comes as the npm package `node`.
set -eu
cd "$(dirname "$0")/fedify"

NODE=node_modules/node/bin/node
STAMP=node_modules/.installed
WANTED=$(cat package.json package-lock.json | cksum)

if [ -x "$NODE" ] && [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$WANTED" ]; then
    exit 0
fi
if ! command -v npm >/dev/null; then
    echo "tests/interop needs npm: install the packages nodejs and npm" >&2
    exit 1
fi
npm ci --no-audit --no-fund --loglevel=error
# An npm that runs no install scripts leaves the package `node` without its binary: its script is the only one that we need.
"$NODE" --version >/dev/null 2>&1 || (cd node_modules/node && node installArchSpecificPackage)
"$NODE" --version
echo "$WANTED" >"$STAMP"
