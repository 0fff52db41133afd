"""errata: train language models on their own mistakes."""
