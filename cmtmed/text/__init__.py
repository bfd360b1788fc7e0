"""Chinese text: characters, script, sentences, words. Pure functions over columns of text."""
