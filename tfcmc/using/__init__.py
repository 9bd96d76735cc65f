"""What a trained run is used for: vectors, neighbours, a transformer."""
