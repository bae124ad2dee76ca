"""What may have changed."""
