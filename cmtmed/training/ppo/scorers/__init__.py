"""Sources of reward: each takes conversations with the policy's answers and returns a number per answer."""
