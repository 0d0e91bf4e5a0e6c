#!/bin/sh
# Install the shared libraries that Qt needs and this machine lacks, when the user is root on Debian or Ubuntu;
# otherwise print the command that does. Prints nothing and changes nothing where all is there.
#   system_libraries.sh        what the window needs
#   system_libraries.sh test   also a virtual screen and a hand for the tests with real clicks; with LSTMVIZ_SSHD=1
#                              an ssh server too, for the engine elsewhere
set -eu

[ "$(uname)" = Linux ] || exit 0

# soname, package: what PySide6's platform plug-ins load (off screen first, then X11)
libraries="libEGL.so.1 libegl1
libGL.so.1 libgl1
libX11.so.6 libx11-6
libglib-2.0.so.0 libglib2.0-0
libdbus-1.so.3 libdbus-1-3
libxkbcommon.so.0 libxkbcommon0
libfontconfig.so.1 libfontconfig1
libfreetype.so.6 libfreetype6
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render.so.0 libxcb-render0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-shm.so.0 libxcb-shm0
libxcb-sync.so.1 libxcb-sync1
libxcb-util.so.1 libxcb-util1
libxcb-xfixes.so.0 libxcb-xfixes0
libxcb-xkb.so.1 libxcb-xkb1
libxcb-glx.so.0 libxcb-glx0
libX11-xcb.so.1 libx11-xcb1
libxkbcommon-x11.so.0 libxkbcommon-x11-0"

ldconfig=$(command -v ldconfig || echo /sbin/ldconfig)
known=$("$ldconfig" -p)
missing=$(echo "$libraries" | while read -r soname package; do
    case "$known" in *"	$soname "*) ;; *) printf '%s ' "$package" ;; esac
done)
found=$(find /usr/share/fonts /usr/local/share/fonts "${HOME:-/}/.fonts" "${HOME:-/}/.local/share/fonts" \
    -name '*.[to]tf' 2>/dev/null | head -n 1 || true)
[ -n "$found" ] || missing="${missing}fonts-dejavu-core "
if [ "${1:-}" = test ]; then
    command -v Xvfb >/dev/null || missing="${missing}xvfb "
    command -v xdotool >/dev/null || missing="${missing}xdotool "
    command -v ssh >/dev/null || missing="${missing}openssh-client "
    # a server listens on the network once it is installed: only where somebody asked for it, as CI does
    [ -z "${LSTMVIZ_SSHD:-}" ] || [ -x /usr/sbin/sshd ] || missing="${missing}openssh-server "
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Qt needs shared libraries that are not here; their Debian names: $missing"
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Qt needs shared libraries that are not here. Install them with:"
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing"
    exit 0
fi
echo "Installing what Qt needs: $missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of words is meant
apt-get install -y -qq --no-install-recommends $missing >/dev/null
