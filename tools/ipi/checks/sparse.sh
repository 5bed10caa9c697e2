#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What sparse 0.6.4 does not know, and what makes no difference to what it checks: extensions
# of RISC-V, and the operator of Linux 7.3 that drops qualifiers from a type.
for arg do
	shift
	case $arg in -march=rv*) arg=${arg%%_*} ;; esac
	set -- "$@" "$arg"
done
exec sparse '-D__typeof_unqual__=__typeof__' "$@"
