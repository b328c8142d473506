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
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Not installed and not installable here:$missing. Tests that need them will be skipped." >&2
    exit 0
fi
echo "Installing with apt:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null
