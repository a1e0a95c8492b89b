"""Delivery pipeline for Django: checks, images, promotion and deployment."""
