"""Continued pretraining: sources of plain text, packed into rows of tokens."""
