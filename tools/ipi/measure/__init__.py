# SPDX-License-Identifier: GPL-2.0-only
"""What the series costs, and what its tests notice."""
