"""The program ``lifeos``: reads arguments, calls one function of the library, renders its result."""
