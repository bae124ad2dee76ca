"""What a person uses."""
