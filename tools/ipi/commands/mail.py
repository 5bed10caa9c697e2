# SPDX-License-Identifier: GPL-2.0-only
"""Write the series, or a part of it, as mails signed off by you."""

from ipi.series import mail, parts


def arguments(parser):
    parser.add_argument("part", nargs="?", choices=parts.load(), help="all of it if not named")


def packages(args):
    return ["perl"]


def run(args):
    mail.mail(args.part or "")
