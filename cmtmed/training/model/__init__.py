"""Models and tokenizers: loading, adapters, chat templates, saving, merging, chatting."""
