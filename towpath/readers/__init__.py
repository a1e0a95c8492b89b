"""Text or JSON of a tool becomes a fact. Pure; a wrong or empty document raises, never is zero."""
