"""A Jetbuilt project becomes a ConnectWise sales opportunity."""
