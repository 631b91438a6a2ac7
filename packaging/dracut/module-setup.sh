#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# dracut: a guest's root may be on a disk that moat-front drives.

check() {
	return 0
}

installkernel() {
	hostonly='' instmods moat-front
	inst_multiple -o /usr/lib/modprobe.d/moat-front.conf /etc/modprobe.d/moat-front.conf
}
