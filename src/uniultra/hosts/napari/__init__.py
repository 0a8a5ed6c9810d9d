"""napari's plugin: a reader, a panel that prompts and tracks, and a writer; `napari.yaml` declares them."""
