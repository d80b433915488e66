#!/usr/bin/env bash
# A client of the rig: submits each file of a folder, then takes answers until nothing new came for 5 seconds.
# Needs bash, curl and sha256sum.  . data/rig/client.env && bash rig-client.sh FOLDER
set -euo pipefail
folder=${1:?a folder of .eft files} work=$(mktemp -d) quiet=0
: >"$work/mine" >"$work/seen"
rig() { curl -sS --fail-with-body --cacert "$RIG_CA" -H "Authorization: Bearer $RIG_TOKEN" "$@"; }
say() { rig -X POST "$RIG_URL/answers/$1/taken?as=$2" -o "$work/said" && echo "$1 $2"; }
for file in "$folder"/*.eft; do
  rig -H 'Content-Type: application/octet-stream' --data-binary "@$file" "$RIG_URL/submissions" && echo " $file"
  tr '\035' '\n' <"$file" | sed -n 's/^1\.009://p' | head -n 1 >>"$work/mine"
done
while [ "$quiet" -lt 5 ]; do
  quiet=$((quiet + 1))
  rig -H 'Accept: text/plain' "$RIG_URL/answers?wait=1" >"$work/list"
  while IFS=$'\t' read -r id sum tcn tcr tot; do
    grep -qxF -- "$tcr" "$work/mine" || continue # answers nothing of mine, or came before what it refers to
    rig "$RIG_URL/answers/$id" -o "$work/$id" && quiet=0
    if ! echo "$sum  $work/$id" | sha256sum --check --status; then say "$id" refused; continue; fi
    if grep -qxF -- "$tcn" "$work/seen"; then say "$id" repeat; continue; fi
    echo "$tcn" | tee -a "$work/seen" >>"$work/mine" # a second answer refers to the first one's number
    say "$id" taken "$tot"
  done <"$work/list"
  [ "$quiet" = 0 ] || sleep 1
done
while IFS=$'\t' read -r id _; do rig "$RIG_URL/answers/$id" -o "$work/$id"; say "$id" refused; done <"$work/list"
