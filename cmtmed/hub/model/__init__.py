"""Models on the Hub: what of a training run is published, and what stands between it and the public."""
