"""Near-duplicates: MinHash proposes, an exact comparison decides. Algorithms only, no input or output."""
