#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# sparse 0.6.4 refuses extensions of RISC-V which it does not know, and which
# make no difference to what it checks.
for arg do
	shift
	case $arg in -march=rv*) arg=${arg%%_*} ;; esac
	set -- "$@" "$arg"
done
exec sparse "$@"
