"""Events reach the operator: signed webhooks, and a note on the desktop."""
