"""What all stages share: settings, run directories, provenance, data sources, metrics, batches."""
