"""Surrogates: for every value another one of the same type, determined by a secret key."""
