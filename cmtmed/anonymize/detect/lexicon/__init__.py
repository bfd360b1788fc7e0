"""The vocabulary of the recognizers: surnames, given names, places, and a general dictionary."""
