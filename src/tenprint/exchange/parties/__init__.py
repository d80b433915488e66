"""The parties, one module each. They do not import each other: what one knows of another came in a message."""
