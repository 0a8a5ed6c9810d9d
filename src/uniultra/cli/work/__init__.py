"""What commands do, imported when they are called: their libraries are imported where modules are."""
