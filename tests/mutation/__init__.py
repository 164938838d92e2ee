"""Changed one place at a time, do `keys` and `signatures` still pass their tests? They must not."""
