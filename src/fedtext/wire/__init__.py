"""One module per grammar of the network: text or bytes to value and back, pure, strict and bounded.

Nothing here knows what a document means. Import the module of the grammar you need, as in `from ..wire.json import
parse_object`; this package exports nothing itself.
"""
