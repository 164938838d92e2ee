"""The pure engine: registration tables, routes, contexts, well-known documents, one worker step."""
