# SPDX-License-Identifier: GPL-2.0-only
"""The tool behind ./ipi: one folder for each kind of work."""
