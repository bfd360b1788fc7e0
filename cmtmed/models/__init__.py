"""A trained model on disk, read only: the record of its training, and the text of its card."""
