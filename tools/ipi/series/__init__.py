# SPDX-License-Identifier: GPL-2.0-only
"""The stored series, the branch that is made of it, and what leaves the repository."""
