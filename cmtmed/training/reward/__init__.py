"""The reward model: rankings, pairs of answers, and one number for an answer."""
