"""What a training minimises of its task."""
