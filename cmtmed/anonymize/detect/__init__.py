"""Detection of identifiers: recognizers, the parsing of names, and the lexicon behind both."""
