#!/usr/bin/env bash
# Plays everything in the emulated machine and, when all of it went well, puts what was seen of ipvlan where it belongs: the
# recording that nodes without ipvlan show, and the states that the lesson's tests look at. Nobody writes either by hand.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=var/vm
rm -rf "$out"
tests/vm/run.sh tests/vm/play.sh "$out"
cp "$out/recording.json.gz" explorer/lessons/content/ipvlan/
rm -rf tests/lessons/seen/ipvlan
cp -r "$out/seen" tests/lessons/seen/ipvlan
git status --short explorer/lessons/content tests/lessons/seen
