#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What sparse 0.6.4 does not know, and what makes no difference to what it checks: extensions
# of RISC-V, the operator of Linux 7.3 that drops qualifiers from a type, and that the length
# of a string is constant, which 7.3 asserts of each MODULE_LICENSE().
for arg do
	shift
	case $arg in -march=rv*) arg=${arg%%_*} ;; esac
	set -- "$@" "$arg"
done
exec sparse '-D__typeof_unqual__=__typeof__' '-D__builtin_strlen(x)=(sizeof(x) - 1)' "$@"
