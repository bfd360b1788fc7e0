"""Replace identifiers: by a tag, by a surrogate, or by a more general value."""
