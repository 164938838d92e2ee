"""For each rule of security a change of one line that a named test must notice."""
