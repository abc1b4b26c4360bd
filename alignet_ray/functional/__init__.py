"""Pure functions: arrays in, arrays out. Knows no config, no file and no Ray."""
