#!/bin/sh
# Install Prometheus, promtool and amtool (Debian and Ubuntu), and start no service: `clipstream up --observe` runs its
# own Prometheus on loopback, and `make check` needs only the tools.
#
# Exit: 0 they are there; 3 not as root and without a password for sudo, or no mirror in reach.
set -eu

there() { command -v prometheus >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1 && command -v amtool >/dev/null 2>&1; }

if there; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "no apt-get here; get Prometheus from https://prometheus.io/download/" >&2
    exit 3
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    echo "installing Prometheus needs root: sudo ops/prometheus/install.sh" >&2
    exit 3
fi

# one such script at a time: apt-get update does not wait for another one, and parts of the tests run side by side
exec 9<"$(dirname "$0")/.."
flock 9

# Debian's packages start what they install unless this says no (exit 101); an own file of the machine stays.
policy=/usr/sbin/policy-rc.d
made=""
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod +x "$policy"
    made=yes
fi
cleanup() { if [ -n "$made" ]; then $as_root rm -f "$policy"; fi; }
trap cleanup EXIT

# a mirror that does not answer is given up after 10 s and two tries, not after minutes
apt="-qq -o Acquire::http::Timeout=10 -o Acquire::https::Timeout=10 -o Acquire::Retries=1 -o DPkg::Lock::Timeout=120"
if ! $as_root apt-get $apt update >/dev/null || ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get $apt install -y \
    --no-install-recommends prometheus prometheus-alertmanager >/dev/null; then
    echo "the packages prometheus and prometheus-alertmanager cannot be had from the mirrors of this machine" >&2
    exit 3
fi
there
