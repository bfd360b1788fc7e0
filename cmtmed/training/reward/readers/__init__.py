"""Readers for the ranking file formats of this project and of others."""
