"""Compare predicted identifiers with annotated ones."""
