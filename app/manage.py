#!/usr/bin/env python
"""Django's command line for the release dashboard."""

import os
import sys

from config.env import SettingError


def main() -> None:
    """Run the command named on the command line; a wrong setting ends it with exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    try:
        settings.ENVIRONMENT  # the first look at a setting reads them all
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
