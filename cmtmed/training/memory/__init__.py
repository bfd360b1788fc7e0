"""How much memory of each GPU a stage takes."""
