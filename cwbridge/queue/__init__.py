"""The port in front of arq."""
