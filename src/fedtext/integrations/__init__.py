"""Framework doors: each is a module of its own and knows no other. Flask and FastAPI need none beyond `Federation`."""
