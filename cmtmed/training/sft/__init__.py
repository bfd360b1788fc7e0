"""Supervised fine-tuning on multi-turn consultations, of which only the doctor's turns are learnt."""
