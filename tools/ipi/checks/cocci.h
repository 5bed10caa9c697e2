/* SPDX-License-Identifier: GPL-2.0-only */
/* Macros of the kernel which spatch cannot parse by itself. */
#define scoped_guard YACFE_ITERATOR
