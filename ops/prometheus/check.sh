#!/bin/sh
# Check rules, their tests and both configurations with the tools of Prometheus: a part of `make check`.
#
# Where they are missing they are installed when this is CI or root; without rights, or a mirror, it says so and goes on.
set -eu
cd "$(dirname "$0")"

if ! command -v promtool >/dev/null 2>&1 || ! command -v amtool >/dev/null 2>&1; then
    if [ -n "${CI:-}" ] || [ "$(id -u)" -eq 0 ]; then
        ./install.sh || { status=$?; [ "$status" -eq 3 ] || exit "$status"; }
    fi
fi
if ! command -v promtool >/dev/null 2>&1 || ! command -v amtool >/dev/null 2>&1; then
    echo "alerts are not checked: no promtool or amtool here; ops/prometheus/install.sh brings them" >&2
    exit 0
fi
promtool check config --syntax-only prometheus.yml
promtool check rules rules/*.yml
promtool test rules tests/*.yml
amtool check-config alertmanager.example.yml
