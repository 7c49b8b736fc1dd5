# Sourced by ./run and ./test, in the project's folder, with LOCK set: makes .venv and installs the lock file into it,
# when that has changed since. POSIX sh; needs no root.

# Images of Python for containers set this. Then each process would compile every library anew: seconds, at every start.
unset PYTHONDONTWRITEBYTECODE

python_here() {
  for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
    "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    echo "$name"
    return
  done
  {
    echo "Laurel needs Python 3.11 or newer, with venv. To install it:"
    echo "  Debian, Ubuntu:  apt-get install -y python3 python3-venv"
    echo "  Fedora:          dnf install -y python3"
    echo "  macOS:           brew install python@3.13"
  } >&2
  return 1
}

if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
  python=$(python_here) || exit 1
  echo "Making .venv with $python ..."
  rm -rf .venv
  "$python" -m venv .venv
fi

stamp=.venv/$LOCK.installed
if ! cmp -s "$LOCK" "$stamp"; then
  echo "Installing what $LOCK lists ..."
  pip_install='.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes'
  # uv is many times faster; where it can't get through (a mirror that only pip knows of), pip does the same
  { [ -x .venv/bin/uv ] || $pip_install -r scripts/uv.lock; } &&
    .venv/bin/uv pip install --quiet --system-certs --python .venv/bin/python --require-hashes -r "$LOCK" ||
    $pip_install -r "$LOCK"
  cp "$LOCK" "$stamp"
fi
