#!/bin/sh
# Install Chromium (Debian and Ubuntu), in which the page is tested and its pictures are made. Nothing else needs it.
set -eu

if command -v chromium >/dev/null 2>&1; then
    echo "chromium is already installed"
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then as_root=""; else as_root="sudo"; fi
# one such script at a time: apt-get update does not wait for another one, and parts of the tests run side by side
exec 9<"$(dirname "$0")/.."
flock 9
$as_root apt-get -o DPkg::Lock::Timeout=120 update -qq
# without a font a browser measures and shows boxes
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends chromium fonts-dejavu-core
chromium --version
