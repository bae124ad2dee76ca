"""The Jetbuilt customer API."""
