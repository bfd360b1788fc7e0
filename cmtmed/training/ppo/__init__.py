"""PPO: answers, rewards, advantages and clipped steps, over one base model."""
