# SPDX-License-Identifier: GPL-2.0-only
"""What is built and booted, and what its console is judged by."""
