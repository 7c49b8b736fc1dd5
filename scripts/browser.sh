#!/bin/sh
# Sees to it that the browser tests have a real Chromium: $CHROMIUM, else an installed one, else apt's (as root), else
# the one that Playwright fetches. Fails with the line that installs it. One without windows (chromium-headless-shell)
# costs half as much as a whole one, so where apt has it, it is installed beside that.
set -eu
cd "$(dirname "$0")/.."

is_there() { [ -n "$1" ] && command -v "$1" >/dev/null 2>&1; }

apt_has() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
  apt-get install -qq --simulate "$1" >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq --simulate "$1"; } \
    >/dev/null 2>&1
}

install() {
  echo "Installing $1 ..."
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}

for browser in "${CHROMIUM:-}" chromium-headless-shell; do
  if is_there "$browser"; then exit 0; fi
done
if apt_has chromium-headless-shell && install chromium-headless-shell; then exit 0; fi
for browser in chromium chromium-browser google-chrome; do
  if is_there "$browser"; then exit 0; fi
done
if apt_has chromium && install chromium; then exit 0; fi
if .venv/bin/playwright install chromium-headless-shell; then exit 0; fi
echo "No Chromium here, and none could be fetched. To install it: apt-get install -y chromium (as root)" >&2
exit 1
