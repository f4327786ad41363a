#!/bin/sh
# Installs the system libraries it is given (names of Debian's and Ubuntu's packages) where apt and the right to use it
# are there, and says in one line what to install otherwise. Never fails: tests that need them say so themselves.
set -u
[ $# -eq 0 ] && exit 0
apt=""
if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then apt="apt-get"; elif sudo -n true 2>/dev/null; then apt="sudo -n apt-get"; fi
fi
install() { DEBIAN_FRONTEND=noninteractive $apt install -y -q --no-install-recommends "$@" fonts-dejavu-core >/dev/null; }
if [ -n "$apt" ]; then
    echo "Installing system libraries: $*"
    install "$@" || { $apt update -q >/dev/null && install "$@"; } && exit 0
fi
echo "System libraries are missing; install them with your package manager (Debian and Ubuntu: $*)" >&2
