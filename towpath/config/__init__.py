"""The settings of a project: what they are, and how they are read."""

from towpath.config.loading import load
from towpath.config.model import Config, Dashboard, Django, Environment, ImageSettings
from towpath.config.reach import REACHES
from towpath.config.reading import CHECKS, SETTINGS, parse

__all__ = [
    "CHECKS",
    "REACHES",
    "SETTINGS",
    "Config",
    "Dashboard",
    "Django",
    "Environment",
    "ImageSettings",
    "load",
    "parse",
]
