"""Publishing to the Hugging Face Hub: the gate, the card, the upload, and published versions read back."""
