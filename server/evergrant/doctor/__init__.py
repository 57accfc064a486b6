"""What may be wrong with a vault, its server and the machine beneath, and what to do about each."""
