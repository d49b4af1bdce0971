#!/usr/bin/env bash
# A client of Tidemark with curl and jq, to be read and to be taken apart.
#
#   client.sh prices bitcoin,ethereum usd,eur
#   client.sh history bitcoin [currency [granularity [since]]]     client.sh history bitcoin usd 1d 2026-11-01T00:00:00Z
#   client.sh csv bitcoin [currency [granularity [since]]] > bitcoin.csv
#   client.sh watch bitcoin [currency [seconds [times]]]
#
# TIDEMARK_URL says where the server is (http://127.0.0.1:8080 if it is not set).
# jq 1.6 reads numbers as doubles: they are asked for as strings, so that every digit comes through.
set -euo pipefail
url=${TIDEMARK_URL:-http://127.0.0.1:8080}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# ask PATH [curl's options]: the answer, or why there is none. curl waits as long as Retry-After of a 429
# or a 503 says, a minute in all, and tries nothing else again.
ask() {
    local path=$1 status
    shift
    # --fail-with-body would end at the status; it is looked at here, for the reason that comes with it.
    status=$(curl -sS --compressed --retry 10 --retry-max-time 60 -m 90 -o "$folder/answer" -w '%{http_code}' "$@" "$url$path") || exit 75
    case $status in
    200) cat "$folder/answer" ;;
    304) echo unchanged ;;
    *)
        jq -r '"refused: \(.status) \(.code): \(.detail), request \(.request_id)"' "$folder/answer" >&2
        case $status in 429 | 503) exit 75 ;; *) exit 1 ;; esac
        ;;
    esac
}

prices() {
    ask "/simple_price?assets=$1&currencies=$2&numbers=string" |
        jq -r --arg currencies "$2" 'to_entries[] | .key as $asset | .value as $told | $currencies | split(",")[] |
            [$asset, ., ($told[.] // "unknown"), ($told[. + "_state"] // "never seen"),
             (if $told[. + "_stale"] then "stale" else "fresh" end)] | map(tostring) | join(" ")'
}

# Page after page: each says where the next one is.
history() {
    local path="/api/v1/prices/$1?currency=${2:-usd}&granularity=${3:-1h}&numbers=string${4:+&start_time=$4}" cursor=
    while :; do
        ask "$path&limit=${PAGE:-500}${cursor:+&cursor=$cursor}" >"$folder/page"
        jq -r '.rows[] | [.time, .close, .volume // "unknown"] | join(" ")' "$folder/page"
        cursor=$(jq -r '.next_cursor // empty' "$folder/page")
        [ -n "$cursor" ] || break
    done
}

# All of it at once, as it comes.
csv() {
    curl -sS --compressed --fail --retry 10 --retry-max-time 60 "$url/api/v1/prices/$1?currency=${2:-usd}&granularity=${3:-1h}${4:+&start_time=$4}&format=csv"
}

# An answer that is still the same is not sent again: curl keeps its ETag.
watch() {
    local turn
    : >"$folder/etag"
    for ((turn = 0; turn < ${4:-1000000000}; turn++)); do
        [ "$turn" = 0 ] || sleep "${3:-5}"
        ask "/simple_price?assets=$1&currencies=${2:-usd}&numbers=string" --etag-compare "$folder/etag" --etag-save "$folder/etag" |
            jq -Rr --arg currency "${2:-usd}" '. as $line | try (fromjson | .[][$currency]) catch $line'
    done
}

case ${1:-} in
prices | history | csv | watch) [ $# -ge 2 ] && "$@" ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
