"""The ConnectWise PSA stand-in: as strict as the specification, with the documented quirks as modes."""
