"""A stand-in for StarCraft II's program: its protocol, answered from the embedded engine. It is not StarCraft II."""
