"""Find identifiers: recognizers, how names are read, and the vocabulary of both."""
