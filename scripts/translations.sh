#!/bin/sh
# The catalogues of translations: `scripts/translations.sh extract|update|compile|check`.
#   extract   gather every text that people read into translations/messages.pot (not committed)
#   update    extract, and bring the catalogues up to date; then translate what is empty in them
#   compile   make the .mo files, which are committed with their .po
#   check     fail when a text is missing from a catalogue, or a .mo is older than its .po
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
pot=translations/messages.pot

extract() {
    pybabel -q extract -F babel.cfg -k _l -k lazy_gettext --sort-output --add-location=file --no-wrap \
        --project=Laurel --version=1 --copyright-holder="the Laurel project" -o "$1" .
}

update() { # catalogue template
    pybabel -q update -i "$2" -o "$1" -l "$(basename "$(dirname "$(dirname "$po")")")" \
        --no-fuzzy-matching --ignore-obsolete --no-wrap 2>/dev/null
}

# what a catalogue says, without when it was made and where its texts stand
words() { grep -v -e '^#:' -e '^"POT-Creation-Date' "$1"; }

check() {
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    extract "$fresh/pot"
    for po in translations/*/LC_MESSAGES/messages.po; do
        cp "$po" "$fresh/po"
        update "$fresh/po" "$fresh/pot"
        words "$po" > "$fresh/said"
        words "$fresh/po" | cmp -s - "$fresh/said" || { echo "$po is behind: scripts/translations.sh update"; exit 1; }
        pybabel -q compile -i "$po" -o "$fresh/mo" 2>/dev/null
        cmp -s "$fresh/mo" "${po%.po}.mo" || { echo "${po%.po}.mo is behind: scripts/translations.sh compile"; exit 1; }
    done
}

case "${1:-}" in
extract) extract "$pot" ;;
update)
    extract "$pot"
    for po in translations/*/LC_MESSAGES/messages.po; do update "$po" "$pot"; done
    ;;
compile)
    for po in translations/*/LC_MESSAGES/messages.po; do pybabel -q compile -i "$po" -o "${po%.po}.mo"; done
    ;;
check) check ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
