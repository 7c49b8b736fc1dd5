#!/bin/sh
# Sees to it that the browser tests have a real Chromium: $CHROMIUM, else an installed one, else apt's (as root), else
# the one that Playwright fetches. Fails with the line that installs it.
set -eu
cd "$(dirname "$0")/.."

for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$browser" ] && command -v "$browser" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Chromium ..."
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null &&
    exit 0
fi
if .venv/bin/playwright install chromium-headless-shell; then exit 0; fi
echo "No Chromium here, and none could be fetched. To install it: apt-get install -y chromium (as root)" >&2
exit 1
