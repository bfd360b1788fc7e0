"""Where the names of people, institutions and places begin and end."""
