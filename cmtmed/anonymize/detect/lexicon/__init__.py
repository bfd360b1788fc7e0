"""What recognizers know about words: surnames, given names, places, and the words of the language at large."""
