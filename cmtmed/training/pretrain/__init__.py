"""Continued pretraining: sources of plain text, and rows of tokens made of them."""
