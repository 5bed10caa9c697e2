# SPDX-License-Identifier: GPL-2.0-only
"""What the series is checked for."""
