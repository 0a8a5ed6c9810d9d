"""What the commands share: text, progress, endings, extras."""
