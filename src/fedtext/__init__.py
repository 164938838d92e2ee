"""fedtext: host text-post actors on the open social network from any Python web app."""
