#!/bin/sh
# Runs inside a root: removes the kernel modules that modules.keep (beside this script) does not name and that no
# kept module depends on.
set -eu
here=$(dirname -- "$0")
kernel=$(ls /lib/modules)
cd "/lib/modules/$kernel"

sed -e 's/#.*//' -e '/^[[:space:]]*$/d' -e 's|^|kernel/|' "$here/modules.keep" >/tmp/keep
# modules.dep lists with each module all that it needs, directly or not.
awk '
	FILENAME == "/tmp/keep" { prefix[++n] = $0; next }
	{
		sub(":", "", $1)
		for (i = 1; i <= n; i++)
			if (index($1, prefix[i]) == 1) { for (f = 1; f <= NF; f++) print $f; next }
	}
' /tmp/keep modules.dep | sort -u >/tmp/wanted

find kernel -type f -name '*.ko*' | sort >/tmp/present
comm -13 /tmp/wanted /tmp/present | xargs -r rm -f
find kernel -type d -empty -delete
depmod "$kernel"
