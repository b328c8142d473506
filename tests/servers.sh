#!/bin/sh
# Servers and browser that some tests drive for real. Installed where we may (root on Debian or a derivative);
# elsewhere those tests are skipped with the reason. In CI a missing one is a failure, not a skip.
set -u
missing=""
[ -x /usr/sbin/mosquitto ] || command -v mosquitto >/dev/null 2>&1 || missing="$missing mosquitto"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v chromedriver >/dev/null 2>&1 || missing="$missing chromium-driver"
command -v firefox-esr >/dev/null 2>&1 || command -v firefox >/dev/null 2>&1 || missing="$missing firefox-esr"
command -v mosquitto_pub >/dev/null 2>&1 || missing="$missing mosquitto-clients"
command -v curl >/dev/null 2>&1 || missing="$missing curl"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
command -v busybox >/dev/null 2>&1 || missing="$missing busybox"
[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null 2>&1 || missing="$missing pgbouncer"
command -v shellcheck >/dev/null 2>&1 || missing="$missing shellcheck"
# `sh tests/servers.sh lighthouse`: what `make lighthouse` needs besides
[ "${1:-}" != lighthouse ] || command -v npx >/dev/null 2>&1 || missing="$missing npm"
# `sh tests/servers.sh alerts`: what `make alerts` needs besides, 19 MB of it
[ "${1:-}" != alerts ] || command -v promtool >/dev/null 2>&1 || missing="$missing prometheus"
root=""
[ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1 || root=yes
# Chromium without a browser around it: pages cost half of the CPU. Not every release has it, and tests do without.
shell() {
    [ -n "$root" ] && [ ! -x /usr/lib/chromium/chromium-headless-shell ] &&
        [ -n "$(apt-cache search --names-only '^chromium-headless-shell$')" ]
}
[ -n "$missing" ] || shell || exit 0
if [ -z "$root" ]; then
    echo "Not installed and not installable here:$missing. Tests that need them will be skipped." >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || exit
! shell || missing="$missing chromium-headless-shell" # of a new machine nothing is known before
echo "Installing with apt:$missing" >&2
# shellcheck disable=SC2086 # a list
apt-get install -y -qq --no-install-recommends $missing >/dev/null
