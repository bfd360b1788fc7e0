"""What all stages share: settings, run directories, data sources, metrics, batches."""
