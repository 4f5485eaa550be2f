"""Other tools, a file each; each needs the extra of its name."""
