#!/bin/sh
# Is what is committed in static/ what its sources give? Needs Node, which ./test brings along.
set -eu
# not npm ci: registries may lack the builds for other platforms, which are optional and stand in no lock file then
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
command -v npm >/dev/null || { echo "check-css: no Node here. To install it: apt-get install -y nodejs npm" >&2; exit 1; }
# the machine's own certificates count too, as behind a company's proxy; an older Node doesn't know the word
if node --use-system-ca -e 0 2>/dev/null; then export NODE_OPTIONS=--use-system-ca; fi
stamp=node_modules/.package-lock.json
[ -f "$stamp" ] && [ "$stamp" -nt package-lock.json ] || npm install --no-save --no-audit --no-fund --loglevel=error \
  --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
node frontend/build.mjs "$fresh" 2>/dev/null
bad=0
for file in $(cd "$fresh" && find . -type f); do
  cmp -s "$fresh/$file" "static/$file" || { echo "check-css: static/$file is not what its sources give; run: npm install --no-save && npm run build"; bad=1; }
done
exit $bad
