# SPDX-License-Identifier: GPL-2.0-only
def kunit(machine): raise NotImplementedError
