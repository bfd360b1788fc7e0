"""GPU memory of each stage, computed from the shape of a model."""
