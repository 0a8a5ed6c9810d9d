"""A package, so that one browser serves all its files: fixtures of its scope end with the last of them."""
