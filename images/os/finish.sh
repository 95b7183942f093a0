#!/bin/sh
# finish.sh VARIANT: makes a Debian root with the overlay, kairos-agent and immucore into a Kairos image.
# Runs inside the root, so that a Dockerfile can RUN it after COPY overlay/ /.
set -eu
variant=${1:?usage: finish.sh VARIANT}
here=$(dirname -- "$0")

# Kernel and initrd have fixed names: grub.cfg and bootargs.cfg of any image know them.
for kernel in /boot/vmlinuz-*; do
	[ ! -f "$kernel" ] || mv "$kernel" /boot/vmlinuz
done
rm -f /vmlinuz /vmlinuz.old /initrd.img /initrd.img.old /boot/initrd.img*
[ -f /boot/initrd ] || "$here/mkinitrd.sh"

# The loader, where kairos-agent looks first; shim is the same file, as nothing is signed here. Without the tpm
# module: it reads images behind loopback into memory. Prefix /EFI/boot is where kairos-agent writes grub.cfg.
mkdir -p /usr/share/efi/x86_64
grub-mkimage -O x86_64-efi -p /EFI/boot -o /usr/share/efi/x86_64/grub.efi \
	part_gpt part_msdos fat ext2 iso9660 squash4 gzio zstd xzio loopback \
	normal configfile search search_label search_fs_file search_fs_uuid \
	linux echo test regexp loadenv sleep reboot halt true minicmd ls cat probe \
	serial terminal all_video efi_gop efi_uga
cp /usr/share/efi/x86_64/grub.efi /usr/share/efi/x86_64/shim.efi
ln -sf grub-editenv /usr/bin/grub2-editenv

sed -i "s/^KAIROS_VARIANT=.*/KAIROS_VARIANT=\"core\"\nSTYLET_IMAGE=\"$variant\"/" /etc/kairos-release

# Services. The image owns /etc/systemd: it is not persistent.
systemctl enable systemd-networkd.service systemd-networkd-wait-online.service systemd-resolved.service \
	systemd-timesyncd.service serial-getty@ttyS0.service cos-setup-fs.service cos-setup-boot.service cos-setup-network.service \
	cos-setup-reconcile.timer kairos-reset.service
systemctl set-default multi-user.target
# Kairos' own installers would start beside stylet. Timers of a package manager have no work on an immutable
# root. The rest are services of field tools, which a person starts when needed.
for unit in kairos-agent.service kairos-installer.service kairos-interactive.service kairos-webui.service \
	kairos-recovery.service; do
	ln -sf /dev/null "/etc/systemd/system/$unit"
done
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer man-db.timer e2scrub_all.timer e2scrub_reap.service \
	fstrim.timer rpcbind.service rpcbind.socket nfs-blkmap.service smartmontools.service sysstat.service \
	mdmonitor.service mdadm.service dkms.service wpa_supplicant.service open-iscsi.service iscsid.service \
	nftables.service ipset.service lm-sensors.service rsync.service; do
	[ ! -e "/usr/lib/systemd/system/$unit" ] && [ ! -e "/lib/systemd/system/$unit" ] && continue
	systemctl disable "$unit" 2>/dev/null || :
done

# Names: systemd-resolved's file with the real servers, so that pods get something that works for them as well.
ln -sf ../run/systemd/resolve/resolv.conf /etc/resolv.conf
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >/etc/hosts
rm -f /etc/hostname

# They must run here. Before the clean-up: kairos-agent leaves a log.
kairos-agent --version
immucore --version

# Kairos' directories, and the targets of the persistent binds: empty, whatever a package put there.
for dir in $(sed -n 's/.*PERSISTENT_STATE_PATHS: "\(.*\)"/\1/p' /system/oem/00_layout.yaml) /oem /usr/local; do
	mkdir -p "$dir"
	find "$dir" -mindepth 1 -delete
done
# The journal is kept across boots when this exists, and journald makes it in the right way at boot.
printf 'd /var/log/journal 2755 root systemd-journal -\n' >/usr/lib/tmpfiles.d/stylet-journal.conf

# Nothing of the machine that built the image, nothing that only wastes room.
: >/etc/machine-id
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/* \
	/var/lib/systemd/random-seed /var/lib/dbus/machine-id /etc/ssh/ssh_host_* /etc/dpkg/dpkg.cfg.d/99mmdebstrap \
	/etc/apt/apt.conf.d/99mmdebstrap /etc/apt/sources.list.d/* /etc/apt/sources.list /etc/.pwd.lock /var/tmp/* \
	/etc/fstab

# What a Kairos host cannot do without.
for file in /boot/vmlinuz /boot/initrd /usr/bin/kairos-agent /usr/bin/immucore /usr/bin/rsync /usr/sbin/tune2fs \
	/usr/sbin/grub-install /usr/lib/grub/i386-pc/modinfo.sh \
	/etc/cos/grub.cfg /etc/cos/bootargs.cfg /etc/kairos-release /etc/kairos/.nousers /system/oem/00_layout.yaml; do
	[ -e "$file" ] || { echo "finish.sh: $file is missing" >&2; exit 1; }
done
