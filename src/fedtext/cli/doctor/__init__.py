"""`fedtext doctor`: asks a live server what its peers would ask, and says what each of them would refuse."""
