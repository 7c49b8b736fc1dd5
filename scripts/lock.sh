#!/bin/sh
# Pins anew what requirements*.txt bring with them, with hashes, for every platform. Needs .venv (./test makes it).
set -eu
cd "$(dirname "$0")/.."
unset UV_INDEX_URL UV_EXTRA_INDEX_URL
compile() {
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
    --custom-compile-command scripts/lock.sh "$@"
}
compile requirements.txt -o requirements.lock
compile requirements-dev.txt -o requirements-dev.lock
echo 'uv==0.13.8' | compile - -o scripts/uv.lock
