"""StarCraft II itself: its messages, its numbers, its process and what it lets be seen of its units."""
