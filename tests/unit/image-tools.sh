#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# image/build: same bytes for the same inputs, nothing inside that was not asked
# for, and mistakes told in words. Exits 77 (skipped) without a Debian kernel.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

build() {
	"$top/image/build" "$@"
}

bad() {
	echo "FAIL: $*" >&2
	failed=1
}

# The initramfs holds exactly these, leaving the kernel's directory names out.
holds() {
	local what=$1
	shift
	sed 's|.* ||; s|lib/modules/.*/||' "$dir/$what/manifest" |
		LC_ALL=C sort >"$dir/have"
	printf '%s\n' "$@" | LC_ALL=C sort | diff - "$dir/have" >&2 ||
		bad "$what: contents"
}

# A wrong call fails and says why.
refuses() {
	local words=$1
	shift
	if build --out "$dir/refused" "$@" >"$dir/said" 2>&1; then
		bad "accepted: $*"
	elif ! grep -qF -e "$words" "$dir/said"; then
		bad "$*: says \"$(cat "$dir/said")\", not \"$words\""
	fi
}

if ! build --out "$dir/one" --back stock >"$dir/said" 2>&1; then
	if grep -qE 'no kernel headers|nor to be had' "$dir/said"; then
		echo "skipped: $(cat "$dir/said")"
		exit 77
	fi
	cat "$dir/said" >&2
	exit 1
fi

base=(init etc/moat/modules etc/moat/sysctl sbin/moat-init sbin/poweroff
	sbin/reboot sbin/halt modules.dep modules.alias xen-pcifront.ko loop.ko)
nvme=(nvme.ko nvme-core.ko t10-pi.ko crc64.ko crc64-rocksoft.ko crc-t10dif.ko
	crct10dif_common.ko)
holds one "${base[@]}" "${nvme[@]}" xen-blkback.ko

# The kernel is whole for a loader, and ends with the last of its bytes that is not zero.
readelf -lW "$dir/one/kernel" >"$dir/loads" 2>&1
grep -qE 'Warning|Error' "$dir/loads" && bad "kernel: $(cat "$dir/loads")"
tail -c 64 "$dir/one/kernel" | tr -d '\0' | grep -q . || bad "kernel: zeros at its end"
read -r offset size < <(awk '$1 == "LOAD" { o = $2; s = $5 } END { print o, s }' "$dir/loads")
[ $((offset + size)) = "$(stat -c %s "$dir/one/kernel")" ] || bad "kernel: more than is loaded"

build --out "$dir/two" --back stock >/dev/null
cmp "$dir/one/initramfs" "$dir/two/initramfs" || bad "not reproducible"
build --out "$dir/two" --back stock | grep -q "up to date" || bad "built again"
build --out "$dir/two" --back stock --sysctl kernel.panic=1 |
	grep -q "up to date" && bad "a new option not noticed"

# Defaults, and an administrator's instead of one of them.
sysctl_of() {
	(cd "$dir" && cpio -i --quiet --to-stdout etc/moat/sysctl <"$1/initramfs")
}
for line in kernel.panic_on_oops=1 vm.panic_on_oom=2 kernel.softlockup_panic=1 \
	kernel.hung_task_panic=1 kernel.panic=-1; do
	sysctl_of one | grep -qx -e "$line" || bad "$line is not a default"
done
build --out "$dir/two" --back stock --sysctl vm/panic_on_oom=0 \
	--sysctl 'kernel.panic = 5' --sysctl vm.swappiness=1 >/dev/null
sysctl_of two >"$dir/have"
for line in vm/panic_on_oom=0 'kernel.panic = 5' vm.swappiness=1 \
	kernel.panic_on_oops=1; do
	grep -qx -e "$line" "$dir/have" || bad "sysctl $line missing"
done
grep -qE 'panic_on_oom=2|panic=-1' "$dir/have" && bad "a default not overridden"

mkdir -p "$dir/overlay/etc"
echo text >"$dir/overlay/etc/extra"
build --out "$dir/pci" --back none --pci 8086:5845 --overlay "$dir/overlay" \
	--module-args 'nvme poll_queues=1' --run /bin/sh >/dev/null
grep -q ' etc/extra$' "$dir/pci/manifest" || bad "overlay missing"
grep -q ' etc/moat/run.d/sh$' "$dir/pci/manifest" || bad "program missing"
grep -q 'libc.so.6$' "$dir/pci/manifest" || bad "library missing"
(cd "$dir" && cpio -i --quiet --to-stdout etc/moat/modules <pci/initramfs) |
	grep -qx 'nvme poll_queues=1' || bad "--pci or --module-args"
echo changed >"$dir/overlay/etc/extra"
build --out "$dir/pci" --back none --pci 8086:5845 --overlay "$dir/overlay" \
	--module-args 'nvme poll_queues=1' --run /bin/sh |
	grep -q "up to date" && bad "a changed overlay not noticed"

# Modules of ours that are packed, as DKMS leaves them where the kernel's are.
mkdir -p "$dir/plain" "$dir/xz" "$dir/zst"
find "$top/build/image-cache/" /lib/modules -name crc64.ko 2>/dev/null | head -n 1 |
	xargs -I {} cp {} "$dir/plain/moat-back.ko"
xz -c "$dir/plain/moat-back.ko" >"$dir/xz/moat-back.ko.xz"
zstd -qc "$dir/plain/moat-back.ko" >"$dir/zst/moat-back.ko.zst"
for how in plain xz zst; do
	build --out "$dir/$how" --moat-modules "$dir/$how" >/dev/null
	grep -q '/moat/moat-back.ko$' "$dir/$how/manifest" || bad "$how: no moat-back"
	cmp "$dir/plain/initramfs" "$dir/$how/initramfs" || bad "$how: another image"
done

# What moat-image has built: the newest kernel's that has a moat-back, where Debian's DKMS puts
# it, or Fedora's.
mkdir -p "$dir/lib" "$dir/modules/6.9/updates/dkms" "$dir/modules/6.10/extra" "$dir/modules/6.11"
printf '#!/bin/sh\necho "$@"\n' >"$dir/lib/image-build"
chmod 755 "$dir/lib/image-build"
touch "$dir/modules/6.9/updates/dkms/moat-back.ko" "$dir/modules/6.10/extra/moat-back.ko.xz" \
	"$dir/image.conf"
of_kernel() {
	MOAT_MODULES=$dir/modules MOAT_IMAGE_CONF=$dir/image.conf MOAT_LIBRARY=$dir/lib \
		"$top/packaging/moat-image" "$@" | grep -oE -e '--(kver|moat-modules) [^ ]*' |
		tr '\n' ' '
}
[ "$(of_kernel)" = "--kver 6.10 --moat-modules $dir/modules/6.10/extra " ] ||
	bad "moat-image: $(of_kernel)"
[ "$(of_kernel 6.9)" = "--kver 6.9 --moat-modules $dir/modules/6.9/updates/dkms " ] ||
	bad "moat-image 6.9: $(of_kernel 6.9)"

refuses "unknown argument" --frob
refuses "back.ko is missing" --moat-modules "$dir"
refuses "is missing; run" --moat-init "$dir/nothing"
refuses "needs a value" --out
refuses "neither moat, stock nor none" --back other
refuses "has none such" --back none --modules no-such-module
refuses "not an address" --pci nvme
refuses "no such device" --pci ffff:ff:1f.7
refuses "add its class" --pci 144d:ffff
refuses "not a directory" --overlay "$dir/nothing"
refuses "not an executable" --run "$dir/nothing"
refuses "not KEY=VALUE" --sysctl panic
refuses "nor to be had" --kver 0.0.0-none --cache "$dir/cache"

[ $failed = 0 ] && echo "image/build: OK"
exit $failed
