"""`python -m evergrant`."""

from evergrant.launch import main

main()
