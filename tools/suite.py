# SPDX-License-Identifier: GPL-2.0-only
def test(): raise NotImplementedError
