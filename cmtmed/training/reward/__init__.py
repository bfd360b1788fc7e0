"""The reward model: from doctors' rankings to pairs of answers to one reward per answer."""
