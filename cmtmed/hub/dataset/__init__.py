"""Datasets on the Hub: what of a finished build is published."""
