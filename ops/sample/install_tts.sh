#!/bin/sh
# Install Flite, the speech synthesiser that speaks the sample (Debian and Ubuntu). Only needed to make it anew.
set -eu

if command -v flite >/dev/null 2>&1; then
    echo "flite is already installed"
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then as_root=""; else as_root="sudo"; fi
$as_root apt-get update -qq
$as_root apt-get install -y --no-install-recommends flite
flite -lv
