"""Models on the Hub: a finished training run as it is published."""
