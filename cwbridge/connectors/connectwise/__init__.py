"""The ConnectWise PSA REST API."""
