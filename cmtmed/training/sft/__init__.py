"""Supervised fine-tuning on multi-turn consultations."""
