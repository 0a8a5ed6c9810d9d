"""From each public set's own archive layout to a manifest: one file a source, one row in `registry.SETS`."""
