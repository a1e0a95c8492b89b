"""Delivery pipeline for Django: checks, images, promotion and deployment."""

__version__ = "0.1.0"
