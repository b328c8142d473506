#!/bin/sh
# Rayon's agent for OpenWrt: tells the engine, over MQTT, which phones this router hears and which join or leave it.
#
# hostapd says at once who probes, joins and leaves, and what phones report of other access points (802.11k). Every
# RAYON_INTERVAL seconds its list of clients, and usteer's of who is heard without having joined, are looked at; of these
# only phones of which something new was heard are told, since neither list says how old a level is.
#
# Needs: ubus, jsonfilter (both on every OpenWrt), mosquitto_pub (mosquitto-client-ssl). No bash, no Python, no Lua.
set -u
: "${RAYON_STORE:?the store, as its floor plan calls it}" "${RAYON_HOST:?the broker}"
RAYON_SOURCE=${RAYON_SOURCE:-$(cat /proc/sys/kernel/hostname)} # this router, in topics
RAYON_PORT=${RAYON_PORT:-1883}
RAYON_USER=${RAYON_USER:-}
RAYON_PASSWORD=${RAYON_PASSWORD:-}
RAYON_CAFILE=${RAYON_CAFILE:-} # of the broker's TLS, where it has it
RAYON_INTERVAL=${RAYON_INTERVAL:-2} # seconds
RAYON_RUN=${RAYON_RUN:-/var/run/rayon}
MOST=2000 # readings in one frame; the engine takes 5,000

case $RAYON_STORE$RAYON_SOURCE in *[/+#]*)
	echo "rayon-openwrt: RAYON_STORE and RAYON_SOURCE must not have / + or #" >&2
	exit 2
	;;
esac

# Events of hostapd, one a line, as readings and sessions. A level of 32 bits without a sign is negative.
# shellcheck disable=SC2016
EVENTS='
function value(name) {
	if (!match($0, "\"" name "\": *\"?[^\",} ]+")) return ""
	text = substr($0, RSTART, RLENGTH)
	sub(/^"[^"]*": *"?/, "", text)
	return text
}
function signed(level) { level += 0; return level > 2147483647 ? level - 4294967296 : level }
function reading(ap, level) {
	if (level >= 0 || level < -120) return
	printf "{\"mac\":\"%s\",\"ap\":\"%s\",\"t\":%d,\"rssi\":%s}\n", mac, ap, systime(), level >> heard
	close(heard)
}
function session(event) {
	printf "{\"mac\":\"%s\",\"event\":\"%s\",\"t\":%d,\"ssid\":\"%s\"}\n", mac, event, systime(), ssid >> joined
	close(joined)
}
{ mac = value("address") }
mac !~ /^[0-9A-Fa-f][0-9A-Fa-f](:[0-9A-Fa-f][0-9A-Fa-f])+$/ || length(mac) != 17 { next }
/"beacon-report"/ {
	rcpi = value("rcpi") + 0
	other = value("bssid")
	if (length(other) != 17 || other == "00:00:00:00:00:00") next
	if (value("rsni") == "0" && rcpi >= 135 && rcpi < 255) reading(other, rcpi - 255) # the scale of Apple
	else if (rcpi > 0 && rcpi <= 220) reading(other, rcpi / 2 - 110)
	next
}
/"(probe|auth|assoc|reassoc)"/ { if (value("signal") != "") reading(bssid, signed(value("signal"))) }
/"(assoc|reassoc)"/ { session("connect") }
/"(disassoc|deauth)"/ { session("disconnect") }
'

# hostapd's list of clients: those that sent something since the last look, by their count of packets.
# shellcheck disable=SC2016
CLIENTS='
BEGIN {
	FS = "\""
	first = (getline line < seen) < 0 # nothing is known to be new
	close(seen)
	while (!first && (getline line < seen) > 0) { split(line, word, " "); before[word[1]] = word[2] }
	close(seen)
	printf "" > seen
}
$2 ~ /^[0-9A-Fa-f:]+$/ && length($2) == 17 { mac = $2; level = rx = ""; next }
/"packets"/ { counts = 1 }
counts && $2 == "rx" { rx = $3; gsub(/[^0-9]/, "", rx); counts = 0 }
$2 == "signal" { level = $3; gsub(/[^0-9-]/, "", level); level += 0; if (level > 2147483647) level -= 4294967296 }
mac != "" && /^(\t\t|    )\}/ {
	print mac, rx >> seen
	if (!first && level < 0 && level >= -120 && (rx == "" || before[mac] != rx))
		printf "{\"mac\":\"%s\",\"ap\":\"%s\",\"t\":%d,\"rssi\":%d}\n", mac, bssid, now, level
	mac = ""
}
'

# usteer's list, of our own nodes alone: phones that have not joined, whose level is not that of the last look.
# shellcheck disable=SC2016
HEARING='
BEGIN {
	FS = "\""
	first = (getline line < seen) < 0
	close(seen)
	while (!first && (getline line < seen) > 0) { split(line, word, " "); before[word[1] " " word[2]] = word[3] }
	close(seen)
	printf "" > seen
	count = split(nodes, pair, " ")
	for (i = 1; i <= count; i++) { split(pair[i], word, "="); ap[word[1]] = word[2] }
}
/\{/ && $2 ~ /^[0-9A-Fa-f:]+$/ && length($2) == 17 { mac = $2; next }
/\{/ { node = $2; joined = 0 }
/"connected": true/ { joined = 1 }
$2 == "signal" { level = $3; gsub(/[^0-9-]/, "", level); level += 0; if (level > 2147483647) level -= 4294967296 }
/\}/ && node != "" {
	if (node in ap && !joined && level < 0 && level >= -120) {
		print mac, node, level >> seen
		if (!first && before[mac " " node] != level)
			printf "{\"mac\":\"%s\",\"ap\":\"%s\",\"t\":%d,\"rssi\":%d}\n", mac, ap[node], now, level
	}
	node = ""
}
'

# watch INTERFACE BSSID SSID: hostapd's events of one interface, until it goes away.
watch() {
	(
		sh -c 'echo $$ >"$1"; exec ubus subscribe "$2"' sh "$RAYON_RUN/$1.pid" "$1" 2>/dev/null |
			awk -v bssid="$2" -v ssid="$3" -v heard="$RAYON_RUN/heard" -v joined="$RAYON_RUN/joined" "$EVENTS"
		rm -f "$RAYON_RUN/$1.pid"
	) >&2 & # and not to our caller's output, which would not end then
}

# look: everybody that was heard since the last look, a reading a line.
look() {
	now=$(date +%s)
	nodes=""
	for interface in $(ubus list 'hostapd.*' 2>/dev/null); do
		status=$(ubus -S call "$interface" get_status 2>/dev/null) || continue
		bssid=$(jsonfilter -s "$status" -e '@.bssid') || continue
		ssid=$(jsonfilter -s "$status" -e '@.ssid' | tr -d '"\\\000-\037') || ssid=""
		nodes="$nodes $interface=$bssid"
		if [ ! -e "$RAYON_RUN/$interface.pid" ]; then
			: >"$RAYON_RUN/$interface.pid" # it is being started
			watch "$interface" "$bssid" "$ssid"
		fi
		ubus call "$interface" get_clients 2>/dev/null |
			awk -v bssid="$bssid" -v now="$now" -v seen="$RAYON_RUN/$interface.seen" "$CLIENTS"
	done
	ubus call usteer get_clients 2>/dev/null |
		awk -v nodes="$nodes" -v now="$now" -v seen="$RAYON_RUN/usteer.seen" "$HEARING"
	if mv "$RAYON_RUN/heard" "$RAYON_RUN/heard.old" 2>/dev/null; then
		cat "$RAYON_RUN/heard.old"
	fi
}

# publish KIND [OPTION...]: standard input to this router's topic. Where the broker is, and who we are to it, stands in
# mosquitto_pub's own file, so that no list of processes shows the password.
publish() {
	kind=$1
	shift
	XDG_CONFIG_HOME=$RAYON_RUN mosquitto_pub -q 1 -t "rayon/$RAYON_STORE/$kind/$RAYON_SOURCE" "$@" 2>"$RAYON_RUN/error"
}

umask 077
mkdir -p "$RAYON_RUN" || exit 1
rm -f "$RAYON_RUN"/*
{
	printf -- '-h %s\n-p %s\n-i rayon-openwrt-%s-%s\n' "$RAYON_HOST" "$RAYON_PORT" "$RAYON_STORE" "$RAYON_SOURCE"
	[ -z "$RAYON_USER" ] || printf -- '-u %s\n-P %s\n' "$RAYON_USER" "$RAYON_PASSWORD"
	[ -z "$RAYON_CAFILE" ] || printf -- '--cafile %s\n' "$RAYON_CAFILE"
} >"$RAYON_RUN/mosquitto_pub"

stop() {
	trap - EXIT INT TERM
	cat "$RAYON_RUN"/*.pid 2>/dev/null | xargs kill 2>/dev/null
	exit 0
}
trap stop EXIT INT TERM

failing=0
while :; do
	look >"$RAYON_RUN/all"
	head -n "$MOST" "$RAYON_RUN/all" >"$RAYON_RUN/frame"
	if [ -s "$RAYON_RUN/frame" ]; then
		awk -v now="$(date +%s)" 'BEGIN { printf "{\"sent_at\":%d,\"readings\":[", now }
			{ printf "%s%s", comma, $0; comma = "," } END { printf "]}" }' "$RAYON_RUN/frame" | publish readings -s
		result=$?
		[ "$result" = "$failing" ] || logger -t rayon-openwrt "broker: $result $(cat "$RAYON_RUN/error")"
		failing=$result # readings of before are of no use to anybody: they are not kept
	fi
	mv "$RAYON_RUN/joined" "$RAYON_RUN/joined.old" 2>/dev/null && cat "$RAYON_RUN/joined.old" >>"$RAYON_RUN/sessions"
	if [ -s "$RAYON_RUN/sessions" ] && publish sessions -l <"$RAYON_RUN/sessions"; then
		: >"$RAYON_RUN/sessions" # those that did not go are kept, the last thousand of them
	elif [ -s "$RAYON_RUN/sessions" ]; then
		tail -n 1000 "$RAYON_RUN/sessions" >"$RAYON_RUN/kept" && mv "$RAYON_RUN/kept" "$RAYON_RUN/sessions"
	fi
	sleep "$RAYON_INTERVAL" &
	wait $!
done
