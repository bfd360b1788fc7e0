"""Models and tokenizers: loaded, adapted, saved, merged, talked with."""
