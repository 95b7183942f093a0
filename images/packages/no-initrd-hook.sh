#!/bin/sh
# Called by mmdebstrap with the new root, before dracut is installed: dracut's package trigger runs this kernel
# hook, which would build an initrd twice (minutes) that nobody uses. dpkg is told to leave the real hook out.
set -eu
mkdir -p "$1/etc/kernel/postinst.d"
ln -s /bin/true "$1/etc/kernel/postinst.d/dracut"
