#!/bin/sh
# Install Flite, the speech synthesiser that speaks the sample (Debian and Ubuntu). Only needed to make it anew.
set -eu

if command -v flite >/dev/null 2>&1; then
    echo "flite is already installed"
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then as_root=""; else as_root="sudo"; fi
# one such script at a time: apt-get update does not wait for another one, and parts of the tests run side by side
exec 9<"$(dirname "$0")/.."
flock 9
$as_root apt-get -o DPkg::Lock::Timeout=120 update -qq
$as_root apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends flite
flite -lv
